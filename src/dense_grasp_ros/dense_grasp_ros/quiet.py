"""Subscriptions that do not wake their node: their messages wait in the middleware until somebody needs them.

A clock, joint states and transforms at 100 Hz each take a fifth of a core in a node that only waits for a goal: rclpy
prepares its wait anew for every message. In a PacedExecutor these messages are taken when a call begins, and 100 times
a second while it is under way. In any other executor the subscriptions are as all others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.subscription import Subscription

_REASONS = "_reasons_to_stay_awake"


class QuietGroup(CallbackGroup):
    """Callback group of subscriptions that wake nobody. Their queues must hold what a call needs at its begin.

    A callback that asks when a message came must take it from the message's info: it may have waited for long.
    at_rest: messages are taken without a call, too, twice a second; for topics that have few.
    """

    def __init__(self, at_rest: bool = False) -> None:
        super().__init__()
        self.at_rest = at_rest
        #: Set by the executor that takes the messages itself.
        self.is_taken = False

    def can_execute(self, entity: Any) -> bool:
        """Whether a common executor may wait for the entity."""
        return not self.is_taken

    def beginning_execution(self, entity: Any) -> bool:
        """As can_execute."""
        return not self.is_taken

    def ending_execution(self, entity: Any) -> None:
        """Nothing is kept."""


def heard_at(info: Mapping[str, Any]) -> float:
    """When a message came, time.monotonic(), from the info that rclpy hands to a callback of two arguments."""
    received = info.get("received_timestamp") or time.time_ns()
    return time.monotonic() - max(0, time.time_ns() - received) * 1e-9


def keep_quiet(*subscriptions: Subscription) -> None:
    """Move subscriptions that a library made, such as a transform listener's, to a quiet group."""
    group = QuietGroup()
    for subscription in subscriptions:
        # An event that is waited for wakes by every message of its subscription, and again at once until it is taken.
        for entity in [subscription, *list(subscription.event_handlers)]:  # type: ignore[call-overload]
            group.add_entity(entity)
            entity.callback_group = group


def stay_awake_while(node: Node, reason: Callable[[], bool]) -> None:
    """Quiet messages of the node are taken all the time, too, while `reason()` is true."""
    node.__dict__.setdefault(_REASONS, []).append(reason)


def is_kept_awake(node: Node) -> bool:
    """Whether one of the node's reasons is true."""
    return any(reason() for reason in node.__dict__.get(_REASONS, ()))
