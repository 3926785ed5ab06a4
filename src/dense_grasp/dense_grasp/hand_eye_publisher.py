"""Node: publishes the hand-eye transform of config/hand_eye.yaml once on /tf_static."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.read_once import refuse_changes
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from tf2_ros import StaticTransformBroadcaster

NORM_TOLERANCE = 1e-3
FARTHEST = 1.0


class HandEyeError(DenseGraspError):
    """A hand-eye transform that cannot be meant."""


def hand_eye_transform(parent: str, child: str, xyz: Sequence[float], quaternion: Sequence[float]) -> TransformStamped:
    """The message of parent_from_child: xyz m, quaternion (x, y, z, w) of unit length within 1e-3.

    Raises HandEyeError for empty or equal frames, wrong counts, NaN, no unit quaternion, more than 1 m.
    """
    if not parent or not child or parent == child:
        raise HandEyeError(f"hand-eye frames are {parent!r} and {child!r}, expected two different names")
    position, rotation = np.asarray(xyz, dtype=float), np.asarray(quaternion, dtype=float)
    if position.shape != (3,) or not np.isfinite(position).all() or np.linalg.norm(position) > FARTHEST:
        raise HandEyeError(
            f"hand-eye xyz is {list(xyz)}, expected 3 finite numbers, at most {FARTHEST} m from the hand"
        )
    if rotation.shape != (4,) or not np.isfinite(rotation).all():
        raise HandEyeError(f"hand-eye quaternion is {list(quaternion)}, expected 4 finite numbers x, y, z, w")
    norm = float(np.linalg.norm(rotation))
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise HandEyeError(f"hand-eye quaternion {list(quaternion)} has the norm {norm:.4f}, expected 1")
    rotation = rotation / norm
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    target = message.transform
    target.translation.x, target.translation.y, target.translation.z = (float(v) for v in position)
    target.rotation.x, target.rotation.y, target.rotation.z, target.rotation.w = (float(v) for v in rotation)
    return message


class HandEyePublisher(Node):
    """Publishes on construction; stays alive so that the latched message does."""

    def __init__(self, **node_arguments):
        super().__init__("hand_eye_publisher", **node_arguments)

        def value(name: str, default):
            return self.declare_parameter(name, default).value

        parent = value("parent", "") or f"{value('prefix', '')}{value('robot_type', 'fr3')}_hand"
        xyz = value("xyz", [0.065, -0.0175, 0.035])
        quaternion = value("quaternion", [0.7071067811865476, 0.0, 0.7071067811865476, 0.0])
        message = hand_eye_transform(parent, value("child", "camera_link"), xyz, quaternion)
        refuse_changes(self)
        message.header.stamp = self.get_clock().now().to_msg()
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(message)
        self.get_logger().info(f"{message.header.frame_id} -> {message.child_frame_id} at {list(xyz)} m")


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 when the transform is not valid."""
    return run_node("hand_eye_publisher", HandEyePublisher, arguments, refused=1)


if __name__ == "__main__":
    sys.exit(main())
