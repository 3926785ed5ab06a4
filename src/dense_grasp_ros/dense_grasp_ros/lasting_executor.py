"""Executors that outlast what other threads destroy."""

from __future__ import annotations

import time
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.executors import Executor, MultiThreadedExecutor, SingleThreadedExecutor


class _Outlasting(Executor):
    """rclpy's does not bear it when a subscription, a client or the like is destroyed in another thread while it
    prepares to wait for it: InvalidHandle ends the loop, and with it the node.
    """

    def wait_for_ready_callbacks(self, *arguments: Any, **more: Any) -> Any:
        """As rclpy's; what was destroyed meanwhile is not waited for, all else is."""
        while True:
            try:
                return super().wait_for_ready_callbacks(*arguments, **more)
            except InvalidHandle:  # what was ready stays so until it is taken
                continue


class LastingExecutor(_Outlasting, SingleThreadedExecutor):
    """Callbacks one after the other."""


class LastingThreads(_Outlasting, MultiThreadedExecutor):
    """Callbacks in several threads."""

    def finish(self, timeout_sec: float) -> bool:
        """Whether all callbacks that were due have ended in that time; their threads go then, too.

        Between the end of the loop and `shutdown`, which in rclpy does not wait for them as it says: a callback that
        begins later ends with InvalidHandle, and that on stderr.
        """
        self._executor.shutdown(wait=False)
        end = time.monotonic() + timeout_sec
        while not (done := all(handler.done() for handler in self._futures)) and time.monotonic() < end:
            time.sleep(0.005)
        return done
