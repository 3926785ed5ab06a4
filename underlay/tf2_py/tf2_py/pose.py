"""Poses between messages and numbers."""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import TransformStamped

from tf2_py.rotation import Quaternion, Vector, conjugate, multiply, rotate

Pose = tuple[Vector, Quaternion]


def nanoseconds(value: Any) -> int:
    """Return rclpy times and durations, or their messages, in nanoseconds."""
    if hasattr(value, "nanoseconds"):
        return int(value.nanoseconds)
    if hasattr(value, "sec") and hasattr(value, "nanosec"):
        return int(value.sec) * 1_000_000_000 + int(value.nanosec)
    raise TypeError("time must have sec and nanosec, or nanoseconds.")


def compose(a: Pose, b: Pose) -> Pose:
    """Return the pose a, then b in its frame."""
    (x, y, z), rotation = rotate(a[1], b[0]), multiply(a[1], b[1])
    return (a[0][0] + x, a[0][1] + y, a[0][2] + z), rotation


def invert(pose: Pose) -> Pose:
    """Return the inverse pose."""
    inverse = conjugate(pose[1])
    x, y, z = rotate(inverse, pose[0])
    return (-x, -y, -z), inverse


def problem(parent: str, child: str, translation: Vector, rotation: Quaternion) -> tuple[str, str] | None:
    """Return why a transform cannot be stored, as (code, sentence), or None."""
    if not child:
        return "TF_NO_CHILD_FRAME_ID", "because child_frame_id not set"
    if not parent:
        return "TF_NO_FRAME_ID", f'with child_frame_id "{child}" because frame_id not set'
    if parent == child:
        return "TF_SELF_TRANSFORM", f'with frame_id and child_frame_id "{child}" because they are the same'
    if any(math.isnan(x) for x in translation + rotation):
        return (
            "TF_NAN_INPUT",
            f'for child_frame_id "{child}" because of a nan value in {translation} {rotation}',
        )
    return None


def message(target: str, source: str, stamp: int, pose: Pose) -> TransformStamped:
    """Return a pose as a message, the stamp in nanoseconds."""
    result = TransformStamped()
    result.header.stamp.sec, result.header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    result.header.frame_id, result.child_frame_id = target, source
    t, r = result.transform.translation, result.transform.rotation
    t.x, t.y, t.z = pose[0]
    r.x, r.y, r.z, r.w = pose[1]
    return result
