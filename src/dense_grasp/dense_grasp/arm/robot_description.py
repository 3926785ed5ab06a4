"""The robot's description as it was published last."""

from __future__ import annotations

from dense_grasp_ros.topic_qos import LATCHED
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from std_msgs.msg import String

from dense_grasp.ros.waiting import Deadline, StopCheck, wait_in_callback


class RobotDescription:
    """Subscribes to the URDF."""

    def __init__(self, node: Node, topic: str, timeout: float = 5.0, callback_group: CallbackGroup | None = None):
        self._timeout = timeout
        self.topic = topic
        self._text = ""
        node.create_subscription(String, topic, self._take, LATCHED, callback_group=callback_group)

    def text(self, stop: StopCheck | None = None) -> str:
        """The URDF, waited for; "" when none came in time. Raises Canceled."""
        wait_in_callback(lambda: bool(self._text), Deadline(self._timeout), stop)
        return self._text

    def _take(self, message: String) -> None:
        self._text = message.data
