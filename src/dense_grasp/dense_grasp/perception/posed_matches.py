"""Keypoints of a scanned object by its pose, as the messages that answer for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.geometry import se3
from dense_grasp_core.matching.locate import Limits, Match
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_core.object_model.pose_keypoints import PosedKeypoint, posed_keypoints
from dense_grasp_core.object_model.view_bank import ViewBank
from dense_grasp_core.result_codes import MatchCode, Visibility
from dense_grasp_core.store import Row
from dense_grasp_ros.poses import pose_message
from geometry_msgs.msg import PoseWithCovariance
from std_msgs.msg import Header

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.matches import match_message
from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_interfaces.msg import ObjectPose as ObjectPoseMessage

Array = np.ndarray
#: m. A keypoint that the pose leaves more uncertain than this, one standard deviation, is not found.
MOST_DEVIATION = 0.02
#: m. Two poses that explain a picture equally well are one to a keypoint that they put within this.
SAME_PLACE = 0.01


@dataclass(frozen=True)
class FoundObject:
    """Instances of a scanned object in a frame, best explained first, and what its bank says of its shape."""

    object_id: str
    model_id: str
    bank: ViewBank
    poses: list[ObjectPose]


def posed_matches(
    found: FoundObject,
    frame: CameraFrame,
    rows: Sequence[Row],
    limits: Limits,
    base_frame: str,
    base_from_camera: Array | None,
    no_transform: str = "",
    instance: int = 1,
) -> list[KeypointMatch]:
    """A match of each row, which has an object_point, by one instance, the best explained is 1. limits: of its place.
    Other arguments as `locate_rows`.
    """
    points = np.array([row.object_point for row in rows], float)
    pose = found.poses[instance - 1] if found.poses else None
    keypoints = posed_keypoints(found.bank, pose, frame.camera, points, frame.depth)
    alternatives = pose.alternatives if pose is not None else ()
    messages = []
    for row, point, keypoint in zip(rows, points, keypoints, strict=True):
        others = np.array([se3.transform(alternative, point) for alternative in alternatives]).reshape(-1, 3)
        match = _match(row, keypoint, others, pose, found, frame, limits, base_from_camera, no_transform)
        message = match_message(match, frame.header.stamp, base_frame, frame.header.frame_id)
        if pose is not None:
            message.support, message.instance = pose.supporting, instance
        message.visibility = int(keypoint.visibility)
        if base_from_camera is not None:
            turn = base_from_camera[:3, :3]
            covariance = turn @ keypoint.covariance @ turn.T
            message.position_covariance = np.where(np.isfinite(covariance), covariance, math.nan).ravel().tolist()
        messages.append(message)
    return messages


def _match(
    row: Row,
    keypoint: PosedKeypoint,
    others: Array,
    pose: ObjectPose | None,
    found: FoundObject,
    frame: CameraFrame,
    limits: Limits,
    base_from_camera: Array | None,
    no_transform: str,
) -> Match:
    name = f"{row.object_id}/{row.keypoint}"
    known: dict[str, Any] = {"model_id": found.model_id}

    def answer(code: MatchCode, message: str) -> Match:
        return Match(row.object_id, row.keypoint, code, message, **known)

    if pose is None:
        return answer(MatchCode.LOW_SCORE, f"{name} was not found: no pose of the scanned object explains the picture")
    known["score"] = min(1.0, pose.score)
    if not keypoint.is_found:
        return answer(
            MatchCode.LOW_SCORE,
            f"{name} was not found: by the object's pose it lies outside the picture, or where the camera sees through",
        )
    deviation = _deviation(keypoint.covariance)
    if deviation > MOST_DEVIATION:
        return answer(
            MatchCode.LOW_SCORE,
            f"{name} was not found: the pose leaves it uncertain by {1000 * deviation:.0f} mm, expected at most "
            f"{1000 * MOST_DEVIATION:.0f} mm",
        )
    point = keypoint.point_camera
    known.update(u=float(keypoint.pixel[0]), v=float(keypoint.pixel[1]), depth=float(point[2]))
    known["position_camera"] = tuple(map(float, point))
    away = float(np.linalg.norm(others - point, axis=1).max(initial=0.0))
    if away > SAME_PLACE:
        return answer(
            MatchCode.AMBIGUOUS,
            f"{name}: another pose of the object explains the picture nearly as well, and puts it {1000 * away:.0f} mm "
            f"away, expected at most {1000 * SAME_PLACE:.0f} mm; a scan with more views, or another side up, may tell "
            "which is right",
        )
    if base_from_camera is None:
        return answer(MatchCode.NO_TF, no_transform or "no transform from the camera to the base at the image's stamp")
    point_base = se3.transform(base_from_camera, point)
    known["position_base"] = tuple(map(float, point_base))
    text = "({:.3f}, {:.3f}, {:.3f})".format(*point_base)
    if limits.workspace is not None and not limits.workspace.contains(point_base):
        return answer(
            MatchCode.OUT_OF_WORKSPACE,
            f"{name} is at {text} m in the base frame, expected within {limits.workspace.minimum}.."
            f"{limits.workspace.maximum} m",
        )
    hidden = ", hidden" if keypoint.visibility is Visibility.HIDDEN else ""
    places = 1 + len(pose.equals)
    equal = f"; its scan looks the same in {places} poses, of which this is one" if pose.equals else ""
    return answer(
        MatchCode.OK,
        f"{name} found at {text} m in the base frame by the object's pose{hidden}, score {pose.score:.3f}, "
        f"{pose.supporting} points agree{equal}",
    )


def _deviation(covariance: Array) -> float:
    """The largest standard deviation of a point's covariance (3, 3); 0 where it is unknown."""
    if not np.isfinite(covariance).all():
        return 0.0
    return float(np.sqrt(max(0.0, np.linalg.eigvalsh((covariance + covariance.T) / 2.0)[-1])))


def object_messages(found: FoundObject, header: Header, base_from_camera: Array) -> list[ObjectPoseMessage]:
    """Every instance, numbered from 1; header: the image's stamp, and the base frame, in which the poses are."""
    messages = []
    for number, pose in enumerate(found.poses, 1):
        message = ObjectPoseMessage(header=header, object_id=found.object_id)
        message.instance, message.support = number, pose.supporting
        message.share, message.two_poses = float(min(1.0, pose.share)), bool(pose.alternatives)
        message.pose = PoseWithCovariance(pose=pose_message(base_from_camera @ pose.camera_from_object))
        message.pose.covariance = _turned(pose.covariance, base_from_camera[:3, :3]).ravel().tolist()
        messages.append(message)
    return messages


def _turned(covariance: Array, base_from_camera: Array) -> Array:
    """A covariance (6, 6) of translation and rotation vector about the camera's axes, about the base's; NaN unknown."""
    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = base_from_camera
    if not np.isfinite(covariance).all():
        return np.full((6, 6), math.nan)
    return np.asarray(turn @ covariance @ turn.T)
