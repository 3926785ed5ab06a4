"""PlaceObject's goal as a value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.placing.interfaces import PlaceGoal, Where, invalid
from dense_grasp_ros.poses import pose_matrix
from geometry_msgs.msg import PoseStamped

from dense_grasp_interfaces.action import PlaceObject

#: By which the length of a quaternion may differ from 1.
UNIT = 1e-2


def goal_from_message(
    request: PlaceObject.Goal, base_frame: str, base_from: Callable[[str, object], np.ndarray]
) -> PlaceGoal:
    """The goal. base_from(frame, stamp): base_from_frame (4, 4), or raises GraspFailure. Raises GraspFailure
    INVALID_GOAL.
    """
    if request.where not in Where.__members__.values():
        raise invalid(f"where is {request.where}, expected {', '.join(f'{one.name} ({int(one)})' for one in Where)}")
    where = Where(request.where)
    return PlaceGoal(
        where,
        request.object_id,
        request.target_object_id,
        request.target_keypoint,
        base_pose(request.pose, base_frame, base_from) if where == Where.AT_POSE else None,
        bool(request.upright),
        bool(request.plan_only),
    )


def base_pose(pose: PoseStamped, base_frame: str, base_from: Callable[[str, object], np.ndarray]) -> np.ndarray:
    """The pose (4, 4) in the base frame. Raises GraspFailure INVALID_GOAL."""
    place, turn = pose.pose.position, pose.pose.orientation
    position, quaternion = np.array([place.x, place.y, place.z]), np.array([turn.x, turn.y, turn.z, turn.w])
    if not np.isfinite(position).all():
        raise invalid(f"pose.position is {position.tolist()}, expected three finite numbers, m")
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1.0) <= UNIT:
        raise invalid(f"pose.orientation is {quaternion.tolist()} of length {length:.3f}, expected a unit quaternion")
    frame = pose.header.frame_id
    if not frame:
        raise invalid(f"pose.header.frame_id is empty, expected {base_frame} or another frame of TF")
    try:
        base_from_frame = np.eye(4) if frame == base_frame else base_from(frame, pose.header.stamp)
    except GraspFailure as error:
        raise invalid(
            f"pose.header.frame_id is {frame!r}, expected {base_frame} or another frame of TF: {error}"
        ) from error
    return np.asarray(base_from_frame @ pose_matrix(pose.pose))
