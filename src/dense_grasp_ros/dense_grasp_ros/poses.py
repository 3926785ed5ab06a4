"""Poses as messages."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.geometry.se3 import from_quaternion, to_quaternion
from geometry_msgs.msg import Point, Pose


def pose_message(target_from_source: np.ndarray) -> Pose:
    """A pose (4, 4) as a message."""
    x, y, z = map(float, target_from_source[:3, 3])
    pose, turn = Pose(position=Point(x=x, y=y, z=z)), to_quaternion(target_from_source)
    pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w = map(float, turn)
    return pose


def pose_matrix(pose: Pose) -> np.ndarray:
    """A pose message as (4, 4). Raises GeometryError for a quaternion of zeros and for numbers that are not finite."""
    turn, place = pose.orientation, pose.position
    return from_quaternion((turn.x, turn.y, turn.z, turn.w), (place.x, place.y, place.z))
