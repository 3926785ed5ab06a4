"""A hand-eye transform that is off by so much: what a scan is to find out."""

from __future__ import annotations

import math

import numpy as np
from dense_grasp.bringup.launch_support import config_file, read_parameter
from dense_grasp_core.geometry.se3 import exp, from_quaternion, to_quaternion
from geometry_msgs.msg import TransformStamped


def shipped_hand_eye(error: tuple[float, float] = (0.0, 0.0), seed: int = 0) -> TransformStamped:
    """The transform of config/hand_eye.yaml, off by `error`, mm and degrees, in directions drawn from a seed."""
    file = config_file("hand_eye.yaml")
    xyz, quaternion = (np.array(read_parameter(file, name), dtype=float) for name in ("xyz", "quaternion"))
    parts = np.random.default_rng(seed).standard_normal((2, 3))
    parts *= np.array([[0.001 * error[0]], [math.radians(error[1])]]) / np.linalg.norm(parts, axis=1, keepdims=True)
    off = from_quaternion(quaternion, xyz) @ exp(parts.ravel())
    message = TransformStamped()
    place, turn = message.transform.translation, message.transform.rotation
    place.x, place.y, place.z = map(float, off[:3, 3])
    turn.x, turn.y, turn.z, turn.w = map(float, to_quaternion(off))
    return message
