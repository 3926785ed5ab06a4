"""The executor of every node: one thread, woken by calls, timers and the topics that matter at once, see quiet."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.task import Task
from rosgraph_msgs.msg import Clock

from dense_grasp_ros.lasting_executor import LastingExecutor
from dense_grasp_ros.quiet import QuietGroup, is_kept_awake, keep_quiet

#: s between two times that quiet messages are taken while a call is under way.
PACE = 0.01
#: s between two looks at the clock, and at whether something is under way, when nothing is.
IDLE_PACE = 0.5
#: Messages of one subscription that are taken at once: a publisher faster than this process must not hold it up.
MOST = 1000


class PacedExecutor(LastingExecutor):
    """Takes quiet messages itself: all while a call is under way, else few (see QuietGroup)."""

    # rclpy's own __del__ reads it, also of an executor that was not made because the context had ended.
    _sigint_gc: Any = None

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self._calls = 0
        self._next = 0.0

    @contextlib.contextmanager
    def call_under_way(self) -> Iterator[None]:
        """While inside, a call is under way; before it begins, what has come until now is taken. For callbacks."""
        self.take_quiet()
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """As rclpy's, but returns after PACE or IDLE_PACE s at the latest."""
        pace = PACE if self._calls or any(is_kept_awake(node) for node in self.get_nodes()) else IDLE_PACE
        now = time.monotonic()
        if now >= self._next or pace < self._next - now:
            self._next = now + pace
            self.take_quiet(everything=pace == PACE)
        super().spin_once(pace if timeout_sec is None else min(pace, max(0.0, timeout_sec)))

    def wait_for_ready_callbacks(self, *arguments: Any, **more: Any) -> Any:
        """As rclpy's; takes the clock before the callback runs, which may compare a stamp with the time."""
        ready: Any = super().wait_for_ready_callbacks(*arguments, **more)
        self.take_quiet(everything=False)
        return ready

    def take_quiet(self, everything: bool = True) -> None:
        """Call the callbacks of quiet messages that have come; unless `everything`, only those that are due at rest.

        At rest the clock is looked at, and what is in groups that are `at_rest`.

        Raises what a callback raises; the other messages are taken the next time.
        """
        for node in self.get_nodes():
            quiet = _quiet_subscriptions(node)
            clock = node.get_clock()
            before = clock.now()
            clocks = [one for one in quiet if _is_clock(one)]
            for subscription in clocks:
                self._take(subscription)
            others = [one for one in quiet if not _is_clock(one)]
            if clock.now() < before:  # what waits was sent before the clock jumped back
                for subscription in others:
                    _drop(subscription)
            else:
                for subscription in others:
                    if everything or _is_taken_at_rest(subscription):
                        self._take(subscription, clocks)

    def _take(self, subscription: Subscription, first: Sequence[Subscription] = ()) -> None:
        """Call the callback for each message that waits; before each, those of `first` for theirs.

        A message that comes while others are taken may be newer than the clock that was taken before them.
        """
        for _ in range(MOST):
            taken = _next_message(subscription)
            if taken is None:
                return
            for earlier in first:
                self._take(earlier)
            with_info = subscription._callback_type is Subscription.CallbackType.WithMessageInfo
            # As one of rclpy's tasks, so that an exception looks like that of any callback.
            task = Task(subscription.callback, taken if with_info else taken[:1], executor=self)
            task()
            error = task.exception()
            if error is not None:
                raise error


def _is_clock(subscription: Subscription) -> bool:
    return subscription.msg_type is Clock


def _is_taken_at_rest(subscription: Subscription) -> bool:
    return isinstance(subscription.callback_group, QuietGroup) and subscription.callback_group.at_rest


def _quiet_subscriptions(node: Node) -> list[Subscription]:
    """Those in quiet groups; the clock's, which rclpy makes, is put into one."""
    quiet = []
    for subscription in node.subscriptions:
        if _is_clock(subscription) and not isinstance(subscription.callback_group, QuietGroup):
            keep_quiet(subscription)
        if isinstance(subscription.callback_group, QuietGroup):
            subscription.callback_group.is_taken = True
            quiet.append(subscription)
    return quiet


def _next_message(subscription: Subscription) -> tuple[Any, Any] | None:
    try:
        with subscription.handle:
            return subscription.handle.take_message(subscription.msg_type, subscription.raw)
    except InvalidHandle:  # another thread has just destroyed it
        return None


def _drop(subscription: Subscription) -> None:
    for _ in range(MOST):
        if _next_message(subscription) is None:
            return
