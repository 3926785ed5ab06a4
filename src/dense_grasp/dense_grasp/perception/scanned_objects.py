"""Poses of objects that have a scan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Search:
    """The instances that one search found in a frame; most: it looked for."""

    frame: ReferenceType[CameraFrame]
    scanned: ScannedObject
    most: int
    poses: list[ObjectPose]

    def answers(self, frame: CameraFrame, scanned: ScannedObject, most: int) -> bool:
        """Whether it is known from this search what one for `most` instances would find."""
        is_same = self.frame() is frame and self.scanned is scanned
        return is_same and (most <= self.most or len(self.poses) < self.most)


class ScannedObjects:
    """Finds scanned objects. Safe to use from threads.

    scans: of the objects. acceptance: when an object counts as found; most: instances that are looked for where
    nobody says how many. log: told what was found.
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
        self._last: dict[str, _Search] = {}

    def find(
        self, object_id: str, frame: CameraFrame, timeout: float, most: int = 0
    ) -> tuple[ScannedObject, list[ObjectPose]]:
        """The object and its instances in a frame, best explained first, at most `most`, 0: as many as this looks for;
        none: not found.

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
            known, most = self._last.get(object_id), most or self._most
            if known is not None and known.answers(frame, scanned, most):
                return scanned, known.poses[:most]
            began = time.monotonic()
            poses = find_objects(scanned.finder, rgb, frame.camera, frame.depth, most, self._acceptance)
            self._last[object_id] = _Search(ref(frame), scanned, most, poses)
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
