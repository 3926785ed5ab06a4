"""What the page knows of the cell and does in it: topics while somebody looks, the facade's calls at any time."""

from __future__ import annotations

import threading
from typing import Any

from action_msgs.srv import CancelGoal
from dense_grasp_client.connection import GraphError, NodeCalls
from dense_grasp_ros.diagnostics import TOPIC
from dense_grasp_ros.service_qos import EVERY_CALL
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from dense_grasp_client import GraspClient
from dense_grasp_ui.health import Health
from dense_grasp_ui.pictures.demand import Demand
from dense_grasp_ui.pictures.messages import rgb_of
from dense_grasp_ui.pictures.newest import NewestFrame, PictureError

NEWEST_ONLY = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
#: s between two looks whether somebody still looks.
LOOK_S = 1.0
CLOCK_S = 2.0
CANCEL_S = 5.0


class Cell:
    """The graph from the page's side. Its callbacks run in the node's thread; everything else in any thread."""

    def __init__(self, node: Node, color_topic: str):
        self._node, self._color_topic = node, color_topic
        self.calls = NodeCalls(node)
        self.client = GraspClient(connection=self.calls)
        self._cancel = node.create_client(
            CancelGoal, "dense_grasp/grasp_object/_action/cancel_goal", qos_profile=EVERY_CALL
        )
        self.health = Health(node.get_namespace())
        self.live = NewestFrame()
        self.picture_error = ""
        self._image: Subscription | None = None
        self._guard = node.create_guard_condition(self._woken)
        self.looked_at = Demand(self._guard.trigger)
        self._turns: list[threading.Event] = []
        node.create_subscription(DiagnosticArray, TOPIC, self._on_diagnostics, 100)
        self._idle_check = node.create_timer(LOOK_S, self._adapt)

    def fresh_clock(self) -> None:
        """Returns when the node has taken the newest time: while it idles, a simulated clock is half a second behind.

        Raises GraphError when the node does not answer.
        """
        turn = threading.Event()
        self._turns.append(turn)
        self._guard.trigger()
        if not turn.wait(CLOCK_S):
            raise GraphError(
                f"the page's node did not answer within {CLOCK_S:g} s, expected it to spin: start it again"
            )

    def cancel(self) -> int:
        """Cancel every grasp goal, whoever sent it; how many are being cancelled. Raises GraphError."""
        answer = self.calls.call(self._cancel, CancelGoal.Request(), CANCEL_S)  # zeros mean all, see CancelGoal.srv
        return len(answer.goals_canceling)

    def _woken(self) -> None:
        while self._turns:
            self._turns.pop().set()
        self._adapt()

    def _adapt(self) -> None:
        """Subscribe to what is looked at, and to nothing else."""
        wanted = self.looked_at.is_wanted
        if wanted and self._image is None:
            self._image = self._node.create_subscription(Image, self._color_topic, self._on_image, NEWEST_ONLY)
        elif not wanted and self._image is not None:
            self._node.destroy_subscription(self._image)
            self._image = None

    def _on_image(self, message: Image) -> None:
        try:
            self.live.put(rgb_of(message))
            self.picture_error = ""
        except PictureError as error:
            self.picture_error = str(error)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            level: Any = status.level
            number = level[0] if isinstance(level, bytes) else int(level)
            self.health.take(status.name, number, status.message, {value.key: value.value for value in status.values})
