"""A topic that is subscribed to only while it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from dense_grasp_ros.topic_qos import NEWEST_ONLY


class TopicOnDemand:
    """take: called with each message; left: when nobody wants it any more. For the node's thread."""

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        take: Callable[..., Any],
        wanted: Callable[[], bool],
        left: Callable[[], None] = lambda: None,
        qos: QoSProfile = NEWEST_ONLY,
        callback_group: CallbackGroup | None = None,
    ):
        self._node, self._kind, self._topic = node, kind, topic
        self._take, self._wanted, self._left = take, wanted, left
        self._qos, self._group = qos, callback_group
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed to."""
        return self._subscription is not None

    def adapt(self) -> None:
        """Subscribe or leave, as it is wanted now."""
        wanted = self._wanted()
        if wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(
                self._kind, self._topic, self._take, self._qos, callback_group=self._group
            )
        elif not wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._left()


def when_matched(changed: Callable[[], None]) -> Any:
    """Event callbacks of a publisher: `changed()` in the node's thread when a subscriber has come or gone.

    None where rclpy has no such event (Humble): then look as well whenever there is another reason to wake.
    """
    try:
        from rclpy.event_handler import PublisherEventCallbacks

        return PublisherEventCallbacks(matched=lambda status: changed())
    except (ImportError, TypeError):
        return None
