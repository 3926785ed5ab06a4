"""The search for keypoints in one frame: those of scanned objects by the object's pose, all others by their network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row

from dense_grasp.perception.camera_pose import CameraPose
from dense_grasp.perception.frames import CameraFrame, FrameSync
from dense_grasp.perception.freshness import Freshness
from dense_grasp.perception.keypoint_networks import Finders, KeypointNetworks
from dense_grasp.perception.scanned_keypoints import ScannedKeypoints, is_posed
from dense_grasp.perception.table_check import TableCheck
from dense_grasp_interfaces.msg import KeypointMatch, ObjectPose


def _alone(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not is_posed(row)]


class KeypointSearch:
    """Finds rows of one object in frames of `streams`. warn: told what looks wrong with the cell."""

    def __init__(
        self,
        streams: FrameSync,
        fresh: Freshness,
        scans: ScannedKeypoints,
        networks: KeypointNetworks,
        camera_pose: CameraPose,
        table: TableCheck,
        base_frame: str,
        warn: Callable[[str], object],
    ):
        self._streams, self._fresh = streams, fresh
        self._scans, self._networks = scans, networks
        self._camera_pose, self._table = camera_pose, table
        self._base_frame, self._warn = base_frame, warn

    def finders(self, frame: CameraFrame, rows: Sequence[Row], timeout: float = 0.0) -> Finders:
        """What finds the rows without a pose; waits at most `timeout` s for a network to be loaded."""
        return self._networks.finders(_alone(rows), frame, timeout)

    def ready(self, rows: Sequence[Row], not_before: int, timeout: float) -> tuple[CameraFrame | None, Finders]:
        """A fresh frame, stamped at or after `not_before` ns, with what the rows need, and what finds them in it; None
        where none came. Waits `timeout` s for an image, and as long for a network to be loaded.
        """
        posed, alone = any(map(is_posed, rows)), _alone(rows)

        def serves(frame: CameraFrame) -> bool:
            needs_colour = posed or self._networks.need_colour(alone, frame)
            return self._fresh.accepts(frame, not_before) and (frame.has_colour or not needs_colour)

        frame = self._streams.wait(serves, timeout)
        if frame is None:
            return None, {}
        finders = self.finders(frame, rows, timeout)
        if not serves(frame):  # a network took long to be loaded
            frame = self._streams.wait(serves, timeout)
            finders = {} if frame is None else self.finders(frame, rows, timeout)
        return frame, finders

    def refusal(self, not_before: int) -> tuple[MatchCode, str]:
        """The code and the sentence where `ready` found no frame."""
        newest = self._streams.newest
        if newest is not None and self._fresh.accepts(newest, not_before) and not newest.has_colour:
            return MatchCode.NO_FRAME, (
                f"images are described, but the colour image of stamp {newest.stamp} ns has not come, and what was "
                "asked for is found by it: does query_node hear the camera's color_topic?"
            )
        return self._fresh.refusal(newest, not_before, self._streams.why_empty())

    def match(
        self, frame: CameraFrame, rows: Sequence[Row], finders: Finders, instances: int = 0
    ) -> tuple[list[list[KeypointMatch]], list[ObjectPose]]:
        """Matches of the rows, in order, for each instance of the object, once where there is none, and the instances;
        what is found alone is the same for each. instances: that are looked for at most, 0: as the parameter says.
        """
        base_from_camera, no_transform = self._camera_pose.at(frame.header)
        posed, alone = [row for row in rows if is_posed(row)], _alone(rows)
        by_pose, objects = self._scans.locate(frame, posed, base_from_camera, no_transform, instances)
        place = self._base_frame, base_from_camera, no_transform
        by_itself = self._networks.locate(frame, alone, finders, *place)
        matches = []
        for of_instance in by_pose:
            in_turn = {True: iter(of_instance), False: iter(by_itself)}
            matches.append([next(in_turn[is_posed(row)]) for row in rows])
        found = next((match for match in matches[0] if match.code == MatchCode.OK), None)
        if found is not None and base_from_camera is not None:
            position = np.array([found.position.x, found.position.y, found.position.z])
            wrong = self._table.sentence(frame, base_from_camera, position)
            if wrong:
                self._warn(wrong)
                found.message += f"; {wrong}"
        return matches, objects
