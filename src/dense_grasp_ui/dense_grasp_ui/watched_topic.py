"""A topic that is subscribed to only while it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dense_grasp_ros.topic_qos import NEWEST_ONLY
from rclpy.node import Node
from rclpy.subscription import Subscription


class WatchedTopic:
    """take: called with each message; left: when nobody wants it any more. For the node's thread."""

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        take: Callable[[Any], None],
        wanted: Callable[[], bool],
        left: Callable[[], None] = lambda: None,
    ):
        self._node, self._kind, self._topic = node, kind, topic
        self._take, self._wanted, self._left = take, wanted, left
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed to."""
        return self._subscription is not None

    def adapt(self) -> None:
        """Subscribe or leave, as it is wanted now."""
        wanted = self._wanted()
        if wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(self._kind, self._topic, self._take, NEWEST_ONLY)
        elif not wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._left()
