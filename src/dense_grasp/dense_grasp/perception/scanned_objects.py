"""Poses of objects that have a scan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import ReferenceType, ref

from dense_grasp_core.object_model.find import Acceptance, find_objects
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_core.result_codes import MatchCode

from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.loaded_scans import LoadedScans, ScannedObject, ScannedObjectError, scans_folder

#: The network that comes with dense_grasp for scanned objects.
SHIPPED = "general.xml"
#: Calls that wait for the search of another one.
WAITING = 4


def scan_network(values: Mapping[str, Any]) -> str:
    """File of the network that describes scans, as the parameter scan_model says."""
    return values["scan_model"] or str(share_directory() / "models" / SHIPPED)


def scanned_objects(values: Mapping[str, Any], log: Callable[[str], object]) -> ScannedObjects:
    """As the parameters of query_node say."""
    scans = LoadedScans(scans_folder(values["store"], values["scans"]), scan_network(values), log)
    acceptance = Acceptance(score=values["pose_threshold"], colour_difference=values["colour_difference"])
    return ScannedObjects(scans, acceptance, values["instances"], log)


class ScannedObjects:
    """Finds scanned objects. Safe to use from threads.

    scans: of the objects. acceptance: when an object counts as found; most: instances that are looked for. log: told
    what was found.
    """

    def __init__(
        self,
        scans: LoadedScans,
        acceptance: Acceptance,
        most: int = 1,
        log: Callable[[str], object] = lambda note: None,
    ):
        self.scans = scans
        self._acceptance, self._most, self._log = acceptance, most, log
        self._searching = threading.Lock()
        self._room = threading.BoundedSemaphore(1 + WAITING)
        self._last: dict[str, tuple[ReferenceType[CameraFrame], ScannedObject, list[ObjectPose]]] = {}

    def find(self, object_id: str, frame: CameraFrame, timeout: float) -> tuple[ScannedObject, list[ObjectPose]]:
        """The object and its instances in a frame, best explained first, at most `most`; none: not found.

        One search runs at a time. Raises ScannedObjectError as `LoadedScans.get`, BUSY when too many wait, NO_FRAME
        without a colour image, and what an undecodable image raises.
        """
        scanned = self.scans.get(object_id, timeout)
        rgb = frame.rgb
        if rgb is None:
            raise ScannedObjectError(
                MatchCode.NO_FRAME,
                f"the colour image of stamp {frame.stamp} ns was lost on the way, and {object_id} is found by it alone",
            )
        with self._turn(object_id):
            known = self._last.get(object_id)
            if known is not None and known[0]() is frame and known[1] is scanned:
                return scanned, known[2]
            began = time.monotonic()
            poses = find_objects(scanned.finder, rgb, frame.camera, frame.depth, self._most, self._acceptance)
            self._last[object_id] = (ref(frame), scanned, poses)
        best = f", score {poses[0].score:.2f}" if poses else ""
        self._log(f"{object_id}: {len(poses)} found in {time.monotonic() - began:.2f} s{best}")
        return scanned, poses

    @contextmanager
    def _turn(self, object_id: str) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise ScannedObjectError(
                MatchCode.BUSY, f"{1 + WAITING} searches for poses are under way or wait, {object_id} is one too many"
            )
        try:
            with self._searching:
                yield
        finally:
            self._room.release()
