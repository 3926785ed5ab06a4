"""Node: publishes the hand-eye transform of config/hand_eye.yaml once on /tf_static."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.diagnostics import OK, Diagnostics, Report
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.parameters import declare
from dense_grasp_ros.shared_parameters import FARTHEST_MOUNT, camera_link, camera_parent
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from tf2_ros import StaticTransformBroadcaster

from dense_grasp.nodes.robot_parameters import HAND_EYE_PUBLISHER

NORM_TOLERANCE = 1e-3


class HandEyeError(ParameterError):
    """A hand-eye transform that cannot be meant."""


def hand_eye_transform(parent: str, child: str, xyz: Sequence[float], quaternion: Sequence[float]) -> TransformStamped:
    """The message of parent_from_child: xyz m, quaternion (x, y, z, w) of unit length within 1e-3.

    Raises HandEyeError for empty or equal frames, wrong counts, NaN, no unit quaternion, more than 1 m.
    """
    if not parent or not child or parent == child:
        name, value = ("child", child) if parent else ("parent", parent)
        raise HandEyeError(name, value, f"two different frames: parent is {parent!r} and child {child!r}")
    position, rotation = np.asarray(xyz, dtype=float), np.asarray(quaternion, dtype=float)
    if position.shape != (3,) or not np.isfinite(position).all() or np.linalg.norm(position) > FARTHEST_MOUNT:
        raise HandEyeError("xyz", list(xyz), f"3 finite numbers, at most {FARTHEST_MOUNT} m from the hand")
    if rotation.shape != (4,) or not np.isfinite(rotation).all():
        raise HandEyeError("quaternion", list(quaternion), "4 finite numbers x, y, z, w")
    norm = float(np.linalg.norm(rotation))
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise HandEyeError("quaternion", list(quaternion), f"x, y, z, w of the norm 1, not of the norm {norm:.4f}")
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
        values = declare(self, HAND_EYE_PUBLISHER)
        frames = camera_parent(values), camera_link(values)
        message = hand_eye_transform(*frames, values["xyz"], values["quaternion"])
        message.header.stamp = self.get_clock().now().to_msg()
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(message)
        report = Report(OK, f"{message.header.frame_id} -> {message.child_frame_id}", {"xyz_m": values["xyz"]})
        self._diagnostics = Diagnostics(self, message.child_frame_id, {"hand-eye transform": lambda: report})
        self.get_logger().info(f"{message.header.frame_id} -> {message.child_frame_id} at {values['xyz']} m")


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when the transform is not valid."""
    return run_node("hand_eye_publisher", HandEyePublisher, arguments)


if __name__ == "__main__":
    sys.exit(main())
