"""Does the robot itself say that it may move? Known where franka_ros2 publishes its state."""

from __future__ import annotations

import importlib
from typing import Any

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from dense_grasp.cell.checks import Check

TOPIC = "franka_robot_state_broadcaster/robot_state"
#: franka_msgs/FrankaRobotState, robot_mode.
ROBOT_MODES = {
    0: ("other", ""),
    1: ("idle", ""),
    2: ("move", ""),
    3: ("guiding", "the arm is guided by hand: switch Desk to execution"),
    4: ("reflex", "call error recovery, then activate hardware and controllers again"),
    5: ("user stopped", "release the user stop"),
    6: ("automatic error recovery", "wait until it has ended"),
}
_WELL = (1, 2)


def check_robot_mode(mode: int) -> Check:
    """What the robot itself says."""
    text, remedy = ROBOT_MODES.get(mode, (f"unknown mode {mode}", ""))
    return Check("robot mode", mode in _WELL, text, remedy or "look into Desk: is FCI active, are the joints unlocked?")


class RobotMode:
    """Listens to the robot's state, where its message is installed."""

    def __init__(self, node: Node):
        self._mode: int | None = None
        kind = getattr(importlib.import_module("franka_msgs.msg"), "FrankaRobotState", None)
        if kind is not None:
            node.create_subscription(kind, TOPIC, self._take, qos_profile_sensor_data)

    def _take(self, message: Any) -> None:
        self._mode = int(message.robot_mode)

    def check(self) -> Check | None:
        """The line; None when nothing was heard."""
        return None if self._mode is None else check_robot_mode(self._mode)
