"""Waiting inside an action callback: always with a time-out, always stoppable, never spinning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from action_msgs.msg import GoalStatus
from dense_grasp_core.errors import Canceled
from rclpy.clock import Clock
from rclpy.task import Future

POLL = 0.01
CANCEL_LAG = 0.5  # s of wall clock between two cancels that one call of the stop service sends
StopCheck = Callable[[], bool]
Value = TypeVar("Value")


class Deadline:
    """`seconds` from now on the given clock, or `wall_factor` times as long on the wall's, whichever is first.

    A simulation may run slower than the wall; a dead one stops the clock, and the wall ends the wait.
    """

    def __init__(self, seconds: float, clock: Clock | None = None, wall_factor: float = 1.0):
        self.seconds = seconds
        self._clock = clock
        self._start = clock.now() if clock else None
        self._wall_end = time.monotonic() + seconds * (max(1.0, wall_factor) if clock else 1.0)

    @property
    def expired(self) -> bool:
        """True once the time is over."""
        if time.monotonic() > self._wall_end:
            return True
        if self._clock is None or self._start is None:
            return False
        return (self._clock.now() - self._start).nanoseconds * 1e-9 > self.seconds


def wait_future(
    future: Future,
    deadline: Deadline,
    stop: StopCheck | None = None,
    watch: Callable[[], None] | None = None,
) -> Any:
    """The future's result. `watch` is called at every poll and may raise.

    Raises TimeoutError, Canceled, and what the future or the watch raises.
    """
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    while not done.wait(POLL):
        check(stop)
        if watch is not None:
            watch()
        if deadline.expired:
            raise TimeoutError(f"no answer within {deadline.seconds:.1f} s")
    return future.result()


def wait_in_callback(condition: Callable[[], bool], deadline: Deadline, stop: StopCheck | None = None) -> bool:
    """True as soon as the condition holds, False when the time is over. Raises Canceled."""
    return wait_for_value(lambda: condition() or None, deadline, stop) is not None


def wait_for_value(read: Callable[[], Value | None], deadline: Deadline, stop: StopCheck | None = None) -> Value | None:
    """The first value other than None that `read` gives, None when the time is over. Raises Canceled."""
    while (value := read()) is None:
        check(stop)
        if deadline.expired:
            return None
        time.sleep(POLL)
    return value


def check_canceled(status: int, stop: StopCheck | None) -> None:
    """After an answer of a device's action: raises Canceled where its goal was canceled from outside, by the stop
    service, which cancels the arm's goal as well, at the same time: that cancel may come a moment later.
    """
    if status == GoalStatus.STATUS_CANCELED:
        wait_in_callback(lambda: False, Deadline(CANCEL_LAG), stop)


def check(stop: StopCheck | None) -> None:
    """Raises Canceled when a stop was asked for."""
    if stop is not None and stop():
        raise Canceled("the goal was canceled")
