"""Callbacks that take long, in a bounded number of threads, so that one thread is enough for a node's loop.

rclpy's MultiThreadedExecutor would do, but it prepares its waits anew while callbacks are under way: with a clock and
joint states at 100 Hz it takes a whole core, and loses half of them (github.com/ros2/rclpy/issues/1452).
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from dense_grasp_ros.paced_executor import PacedExecutor

#: Of a callback without workers of its own: calls that run at the same time, and calls that wait for one to end.
RUNNING, WAITING = 8, 64


class BusyError(RuntimeError):
    """A call for which there is no room."""


class Workers:
    """At most `running` threads that work for callbacks, and at most `waiting` calls that wait for one of them."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, name: str = "long_callback"):
        self._limit = running + waiting
        self._room = threading.BoundedSemaphore(self._limit)
        self._pool = ThreadPoolExecutor(running, thread_name_prefix=name)

    def start(self, work: Callable[[], None]) -> None:
        """Run `work`, which raises nothing, in a thread. Raises BusyError when the calls before it leave no room."""
        if not self._room.acquire(blocking=False):
            raise BusyError(f"{self._limit} calls are under way, expected fewer; ask again when some have ended")

        def run() -> None:
            try:
                work()
            finally:
                self._room.release()

        self._pool.submit(run)


def long_callback(
    node: Node,
    function: Callable[..., Any],
    *,
    workers: Workers | None = None,
    on_error: Callable[..., Any] | None = None,
) -> Callable[..., Awaitable[Any]]:
    """`function` as a coroutine for a service or an action of `node`; what it returns or raises is the call's.

    The loop of the node goes on meanwhile, for other calls of the same callback, too, if its group is reentrant.
    workers: threads that several callbacks share; None: RUNNING and WAITING of its own. on_error: `on_error(error,
    *arguments)` makes the answer when `function` raises, or with a BusyError when there is no room; None: raised where
    the call is awaited, which ends an action and leaves a service's client without an answer.
    """
    threads = workers or Workers(name=getattr(function, "__name__", "long_callback"))

    async def call(*arguments: Any) -> Any:
        executor = node.executor
        done = Future(executor=executor)

        def work() -> None:
            try:
                done.set_result(function(*arguments))
            except Exception as error:  # raised where it is awaited
                done.set_exception(error)
            if executor is not None:
                executor.wake()

        try:
            with executor.call_under_way() if isinstance(executor, PacedExecutor) else nullcontext():
                threads.start(work)
                return await done
        except Exception as error:
            if on_error is None:
                raise
            return on_error(error, *arguments)

    return call
