"""One taught keypoint in one frame of the camera, as the message that answers for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import DescribedFrame, Limits, Match, locate
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row
from dense_grasp_ros.images import MessageError
from geometry_msgs.msg import Point, Transform
from std_msgs.msg import Header

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.messages import NANOSECONDS
from dense_grasp_interfaces.msg import KeypointMatch

#: Share of the focal length by which calibrations of one camera differ.
FOCAL_LENGTH_TOLERANCE = 0.03


@dataclass(frozen=True)
class FoundBy:
    """A network, by whose descriptors keypoints are found. limits: what counts as found by it; grid: its descriptors of
    a frame, which may raise DenseGraspError.
    """

    model_id: str
    limits: Limits
    grid: Callable[[CameraFrame], DescriptorGrid]


def by_the_frame(frame: CameraFrame, limits: Limits) -> FoundBy:
    """The network that described the frame on its way here."""
    return FoundBy(frame.model_id, limits, lambda frame: frame.grid)


def matrix_from_transform(transform: Transform) -> np.ndarray:
    """(4, 4) target_from_source of a transform message. Raises MessageError for one that is no rigid motion."""
    q, t = transform.rotation, transform.translation
    numbers = (q.x, q.y, q.z, q.w, t.x, t.y, t.z)
    if not all(map(math.isfinite, numbers)) or not 0.5 < math.hypot(q.x, q.y, q.z, q.w) < 2.0:
        raise MessageError(
            f"translation is ({t.x:g}, {t.y:g}, {t.z:g}) m and quaternion ({q.x:g}, {q.y:g}, {q.z:g}, {q.w:g}), "
            "expected finite numbers and a unit quaternion"
        )
    return se3.from_quaternion([q.x, q.y, q.z, q.w], [t.x, t.y, t.z])


def match_message(match: Match, stamp: Time, base_frame: str, camera_frame: str) -> KeypointMatch:
    """A match as a message; position in `base_frame`."""
    message = KeypointMatch(header=Header(stamp=stamp, frame_id=base_frame), camera_frame=camera_frame)
    message.object_id, message.keypoint, message.model_id = match.object_id, match.keypoint, match.model_id
    message.code, message.message = int(match.code), match.message
    message.u, message.v, message.depth = match.u, match.v, match.depth
    message.score, message.second_peak_ratio = match.score, match.second_peak_ratio
    message.position_camera = Point(**dict(zip("xyz", match.position_camera, strict=True)))
    message.position = Point(**dict(zip("xyz", match.position_base, strict=True)))
    message.position_covariance = [math.nan] * 9
    return message


def camera_change(taught: CameraModel | None, now: CameraModel) -> str:
    """What to add to a match's sentence when the camera is not the one that the keypoint was taught with, else ""."""
    if taught is None:
        return ""
    same_size = (taught.width, taught.height) == (now.width, now.height)
    if same_size and math.isclose(taught.fx, now.fx, rel_tol=FOCAL_LENGTH_TOLERANCE):
        return ""
    return (
        f"; taught at {taught.width}x{taught.height} px, fx {taught.fx:.0f}; this image is {now.width}x{now.height} "
        f"px, fx {now.fx:.0f}: a keypoint is found best at the size that it was taught at"
    )


def failed_match(object_id: str, keypoint: str, code: MatchCode, reason: str, base_frame: str) -> KeypointMatch:
    """The answer for a keypoint that could not be looked for."""
    return match_message(Match(object_id, keypoint, code, reason), Time(), base_frame, "")


def locate_rows(
    frame: CameraFrame,
    rows: Sequence[Row],
    by: FoundBy,
    base_frame: str,
    base_from_camera: np.ndarray | None,
    no_transform: str = "",
) -> list[KeypointMatch]:
    """Every row, taught with the network `by`, in the frame, in order. `no_transform`: why base_from_camera is None.

    A frame whose parts cannot be decoded answers with the code of the part: NO_DEPTH for depth, NO_FRAME else.
    """
    no_depth = ""
    try:
        camera, grid = frame.camera, by.grid(frame)
        try:
            depth = frame.depth
        except DenseGraspError as error:
            no_depth = str(error)
            depth = np.full((camera.height, camera.width), np.nan, np.float32)
        stamp = frame.stamp / NANOSECONDS
        query = DescribedFrame(grid, depth, camera, stamp, by.model_id, base_from_camera)
    except DenseGraspError as error:
        return [failed_match(row.object_id, row.keypoint, MatchCode.NO_FRAME, str(error), base_frame) for row in rows]
    messages = []
    for row in rows:
        match = locate(query, row, by.limits, object_id=row.object_id, keypoint=row.keypoint)
        message = match_message(match, frame.header.stamp, base_frame, frame.header.frame_id)
        if match.code == MatchCode.NO_DEPTH and no_depth:
            message.message = f"{match.message}; {no_depth}"
        if match.code == MatchCode.NO_TF and no_transform:
            message.message = no_transform
        message.message += camera_change(row.camera, camera)
        messages.append(message)
    return messages
