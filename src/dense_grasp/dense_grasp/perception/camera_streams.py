"""What query_node hears of the camera: colour, depth and descriptors, while somebody needs a described image."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from dense_grasp_ros.demand import Demand
from dense_grasp_ros.quiet import QuietGroup, heard_at, stay_awake_while
from dense_grasp_ros.topic_on_demand import TopicOnDemand
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from dense_grasp.perception.frames import CameraFrame, FrameSync
from dense_grasp.perception.freshness import is_simulated
from dense_grasp_interfaces.msg import DescriptorImage

DESCRIPTORS_QOS = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
#: s of wall clock between two looks whether somebody still needs images.
LOOK_PERIOD = 0.5


class CameraStreams:
    """Feeds a FrameSync while somebody needs frames: descriptor_node runs its network only while it is listened to.

    Somebody does during `needed` and idle_after s longer, while `shown()`, and until the first image of a
    descriptor_node that has just begun has come: the node knows by which network images are described.
    take: called with each whole frame.
    """

    def __init__(
        self,
        node: Node,
        values: Mapping[str, Any],
        sync: FrameSync,
        take: Callable[[CameraFrame], None],
        shown: Callable[[], bool],
    ):
        """values: of query_node's parameters."""
        self._node, self._sync, self._take, self._shown = node, sync, take, shown
        self._idle_after = values["idle_after"]
        self._descriptors_topic = values["descriptors_topic"]
        self._describers: frozenset[bytes] = frozenset()
        self._heard_describers: frozenset[bytes] = frozenset()
        self._guard = node.create_guard_condition(self._adapt)
        self._demand = Demand(self._guard.trigger, self._idle_after)
        # They wait in the middleware until a call needs them: a depth image as long as its descriptors take to be made.
        images = QoSProfile(depth=values["sync_queue_size"], reliability=ReliabilityPolicy.BEST_EFFORT)
        pictures, descriptors = QuietGroup(), QuietGroup(at_rest=True)
        stay_awake_while(node, shown)
        topics: tuple[tuple[Any, str, Any, QoSProfile, QuietGroup], ...] = (
            (Image, values["color_topic"], sync.put_colour, images, pictures),
            (Image, values["depth_topic"], self._on_depth, images, pictures),
            (DescriptorImage, self._descriptors_topic, self._on_descriptors, DESCRIPTORS_QOS, descriptors),
        )
        self._topics = [
            TopicOnDemand(node, kind, topic, callback, self._is_wanted, qos=qos, callback_group=group)
            for kind, topic, callback, qos, group in topics
        ]
        self._looks = node.create_timer(LOOK_PERIOD, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._look()

    def needed(self) -> AbstractContextManager[None]:
        """Images are described while inside; who enters waits for the next one. For any thread."""
        return self._demand.needed()

    @property
    def are_idle(self) -> bool:
        """Whether nobody needs images, so that none is heard."""
        return not any(topic.is_open for topic in self._topics)

    def _is_wanted(self) -> bool:
        is_new = bool(self._describers - self._heard_describers)
        return not self._idle_after or is_new or self._demand.is_wanted or self._shown()

    def _look(self) -> None:
        found = self._node.get_publishers_info_by_topic(self._descriptors_topic)
        self._describers = frozenset(bytes(info.endpoint_gid) for info in found)
        self._adapt()

    def _adapt(self) -> None:
        was_idle = self.are_idle
        for topic in self._topics:
            topic.adapt()
        if self.are_idle and not was_idle:
            self._sync.rest()  # what the camera showed then is not what it shows when somebody asks again

    def _on_depth(self, message: Image, info: Mapping[str, Any]) -> None:
        # How far a simulation's clock went meanwhile is not known; its camera cannot drift from it.
        waited = 0.0 if is_simulated(self._node.get_clock()) else time.monotonic() - heard_at(info)
        self._on_frame(self._sync.put_depth(message, waited))

    def _on_descriptors(self, message: DescriptorImage) -> None:
        self._heard_describers = self._describers
        self._on_frame(self._sync.put_descriptors(message))

    def _on_frame(self, frame: CameraFrame | None) -> None:
        if frame is not None and self._shown():
            self._take(frame)
