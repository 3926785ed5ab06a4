"""What the page knows of the cell and does in it: topics while somebody looks, the facade's calls at any time."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from action_msgs.srv import CancelGoal
from dense_grasp_client.connection import GraphError, NodeCalls
from dense_grasp_core.matching.descriptor_grid import MatchingError, features_from_bytes
from dense_grasp_ros.diagnostics import TOPIC
from dense_grasp_ros.images import MessageError, rgb_from_message
from dense_grasp_ros.service_qos import EVERY_CALL
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from dense_grasp_client import GraspClient
from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_ui.health import Health
from dense_grasp_ui.pictures.demand import Demand
from dense_grasp_ui.pictures.heat import Described
from dense_grasp_ui.pictures.kept import Pictures
from dense_grasp_ui.pictures.newest import NewestFrame

NEWEST_ONLY = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
#: s between two looks whether somebody still looks.
LOOK_S = 1.0
CLOCK_S = 2.0
CANCEL_S = 5.0
PARAMETERS_S = 5.0
DESCRIBED_S = 5.0
#: Images that wait for their descriptors: half a second of a fast camera.
RECENT = 16


class Cell:
    """The graph from the page's side. Its callbacks run in the node's thread; everything else in any thread."""

    def __init__(self, node: Node, color_topic: str, descriptors_topic: str):
        self._node, self._color_topic = node, color_topic
        self.calls = NodeCalls(node)
        self.client = GraspClient(connection=self.calls)
        self._cancels = [
            node.create_client(CancelGoal, f"dense_grasp/{action}/_action/cancel_goal", qos_profile=EVERY_CALL)
            for action in ("grasp_object", "scan_object")
        ]
        self._parameters = node.create_client(GetParameters, "grasp_executor/get_parameters", qos_profile=EVERY_CALL)
        self.health = Health(node.get_namespace())
        self.live = NewestFrame()
        self.picture_error = ""
        self._image: Subscription | None = None
        self._guard = node.create_guard_condition(self._woken)
        self.looked_at = Demand(self._guard.trigger)
        self.described_for = Demand(self._guard.trigger)
        self._descriptors_topic = descriptors_topic
        self._descriptors: Subscription | None = None
        self._recent: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self._described: Described | None = None
        self.pictures = Pictures(lambda: self._described)
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

    def keep_live(self) -> str:
        """Keep what the camera shows, once it is described; its key. Raises GraphError when no description comes."""
        self.calls.wait(lambda: self._described is not None, DESCRIBED_S, "a described image")
        return self.pictures.keep_live()

    def cancel(self) -> int:
        """Cancel every grasp and scan, whoever sent it; how many are being cancelled. Raises GraphError."""
        self.calls.wait(lambda: all(one.service_is_ready() for one in self._cancels), CANCEL_S, "the executor's cancel")
        sent = [one.call_async(CancelGoal.Request()) for one in self._cancels]  # zeros mean all, see CancelGoal.srv
        return sum(len(self.calls.result(one, CANCEL_S, "answer to the cancel").goals_canceling) for one in sent)

    def scan_speed(self) -> float:
        """m/s of the tool centre point that no motion of a scan exceeds; NaN where the executor does not say it.

        Raises GraphError when the executor is not there now, or does not answer.
        """
        self.calls.wait(self._parameters.service_is_ready, 0.0, "the executor's start")
        request = GetParameters.Request(names=["scan_speed", "tcp_speed"])
        answer = self.calls.call(self._parameters, request, PARAMETERS_S)
        return min((value.double_value for value in answer.values), default=math.nan)

    def _woken(self) -> None:
        while self._turns:
            self._turns.pop().set()
        self._adapt()

    def _adapt(self) -> None:
        """Subscribe to what is looked at, and to nothing else."""
        describe = self.described_for.is_wanted
        if describe and self._descriptors is None:
            self._descriptors = self._node.create_subscription(
                DescriptorImage, self._descriptors_topic, self._on_descriptors, NEWEST_ONLY
            )
        elif not describe and self._descriptors is not None:
            self._node.destroy_subscription(self._descriptors)
            self._descriptors = None
            self._recent.clear()
            self._described = None  # what the camera showed then is not what it shows now
        wanted = describe or self.looked_at.is_wanted
        if wanted and self._image is None:
            self._image = self._node.create_subscription(Image, self._color_topic, self._on_image, NEWEST_ONLY)
        elif not wanted and self._image is not None:
            self._node.destroy_subscription(self._image)
            self._image = None

    def _on_image(self, message: Image) -> None:
        try:
            rgb = rgb_from_message(message)
        except MessageError as error:
            self.picture_error = str(error)
            return
        self.picture_error = ""
        self.live.put(rgb)
        if self._descriptors is not None:
            self._recent[message.header.stamp.sec, message.header.stamp.nanosec] = rgb
            while len(self._recent) > RECENT:
                del self._recent[next(iter(self._recent))]

    def _on_descriptors(self, message: DescriptorImage) -> None:
        """Descriptors come some images after the one that they describe."""
        rgb = self._recent.get((message.header.stamp.sec, message.header.stamp.nanosec))
        if rgb is None:
            return
        try:
            shape = message.height, message.width, message.channels
            features = features_from_bytes(message.data, shape, message.dtype)
        except MatchingError as error:
            self.picture_error = str(error)
            return
        self._described = Described("the live image", rgb, features, message.stride, message.model_id)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            level: Any = status.level
            number = level[0] if isinstance(level, bytes) else int(level)
            self.health.take(status.name, number, status.message, {value.key: value.value for value in status.values})
