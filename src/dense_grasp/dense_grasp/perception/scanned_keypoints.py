"""Answers for keypoints of scanned objects: the rows that have a point in the object's frame, by the object's pose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Entry, Row
from std_msgs.msg import Header

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.loaded_scans import ScannedObjectError
from dense_grasp.perception.matches import failed_match
from dense_grasp.perception.object_publisher import ObjectPublisher
from dense_grasp.perception.posed_matches import FoundObject, object_messages, posed_matches
from dense_grasp.perception.scanned_objects import ScannedObjects
from dense_grasp_interfaces.msg import KeypointMatch, ObjectPose


def is_of_scan(row: Row | Entry, frame_digest: str) -> bool:
    """Whether a row's point lies in the frame of the scan with this digest; one of an older store may."""
    return row.scan in ("", frame_digest)


def is_posed(row: Row) -> bool:
    """Whether a keypoint is found by its object's pose: it was taught on a scanned object."""
    return row.object_point is not None


class ScannedKeypoints:
    """Locates keypoints by the poses that `scanned` finds, and publishes the poses."""

    def __init__(self, scanned: ScannedObjects, limits: Limits, base_frame: str, publisher: ObjectPublisher):
        self._scanned, self._limits, self._base_frame = scanned, limits, base_frame
        self._publisher = publisher

    def wait_until_ready(self, rows: Sequence[Row], timeout: float) -> tuple[MatchCode, str]:
        """OK as soon as what the rows need is loaded, else a code and a sentence after at most `timeout` s."""
        try:
            for object_id in {row.object_id for row in rows if is_posed(row)}:
                self._scanned.scans.get(object_id, timeout)
        except ScannedObjectError as error:
            return error.code, str(error)
        return MatchCode.OK, ""

    def locate(
        self,
        frame: CameraFrame,
        rows: Sequence[Row],
        base_from_camera: np.ndarray | None,
        no_transform: str = "",
        instances: int = 0,
    ) -> tuple[list[list[KeypointMatch]], list[ObjectPose]]:
        """Matches of the rows, all of one object and posed, in order, for each of its instances, once where there is
        none; and the instances. instances: that are looked for at most, 0: as the parameter says.
        """
        if not rows:
            return [[]], []
        object_id = rows[0].object_id
        try:
            scanned, poses = self._scanned.find(object_id, frame, 0.0, instances)
            found = FoundObject(object_id, self._scanned.scans.model_id, scanned.bank, poses)
            own = [row for row in rows if is_of_scan(row, scanned.frame_digest)]
            given = (self._limits, self._base_frame, base_from_camera, no_transform)
            matches = []
            for number in range(1, 1 + max(1, len(poses))):
                posed = iter(posed_matches(found, frame, own, *given, instance=number) if own else ())
                each = (next(posed) if is_of_scan(row, scanned.frame_digest) else self._other_scan(row) for row in rows)
                matches.append(list(each))
        except DenseGraspError as error:
            code = error.code if isinstance(error, ScannedObjectError) else MatchCode.NO_FRAME
            return [[failed_match(object_id, row.keypoint, code, str(error), self._base_frame) for row in rows]], []
        if base_from_camera is None:
            return matches[:1], []
        header = Header(stamp=frame.header.stamp, frame_id=self._base_frame)
        objects = object_messages(found, header, base_from_camera)
        self._publisher.publish(header, objects, scanned.bank, [pose.score for pose in poses])
        return matches, objects

    def _other_scan(self, row: Row) -> KeypointMatch:
        return failed_match(
            row.object_id,
            row.keypoint,
            MatchCode.MODEL_MISMATCH,
            f"{row.object_id}/{row.keypoint} was taught on another scan of {row.object_id} than the present one, in "
            "whose frame its point means another place: teach it again, or import the former scan",
            self._base_frame,
        )
