"""Node: publishes the hand-eye transform of config/hand_eye.yaml on /tf_static, once and after each change."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.diagnostics import OK, Diagnostics, Report
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.parameters import declare
from dense_grasp_ros.shared_parameters import FARTHEST_MOUNT, camera_link, camera_parent
from dense_grasp_ros.topic_qos import LATCHED
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from tf2_msgs.msg import TFMessage

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
    """Publishes on construction and when xyz or quaternion change; stays alive so that the latched message does."""

    def __init__(self, **node_arguments):
        super().__init__("hand_eye_publisher", **node_arguments)
        # tf2_ros' StaticTransformBroadcaster ignores a second transform of the same child.
        self._publisher = self.create_publisher(TFMessage, "/tf_static", LATCHED)
        self._values = declare(self, HAND_EYE_PUBLISHER, self._change)
        frames = self._publish(self._values)
        self._diagnostics = Diagnostics(self, frames[1], {"hand-eye transform": self._report})

    def _change(self, changes: dict[str, Any]) -> None:
        values = {**self._values, **changes}
        self._publish(values)
        self._values = values

    def _publish(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Parent and child. Raises HandEyeError for a transform that cannot be meant; the former one then stays."""
        frames = camera_parent(values), camera_link(values)
        message = hand_eye_transform(*frames, values["xyz"], values["quaternion"])
        message.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(TFMessage(transforms=[message]))
        self.get_logger().info(f"{frames[0]} -> {frames[1]} at {values['xyz']} m, {values['quaternion']}")
        return frames

    def _report(self) -> Report:
        values = self._values
        return Report(OK, f"{camera_parent(values)} -> {camera_link(values)}", {"xyz_m": values["xyz"]})


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when the transform is not valid."""
    return run_node("hand_eye_publisher", HandEyePublisher, arguments)


if __name__ == "__main__":
    sys.exit(main())
