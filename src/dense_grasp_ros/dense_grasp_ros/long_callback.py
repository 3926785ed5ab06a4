"""Callbacks that take long, each call in a thread of its own, so that one thread is enough for a node's loop.

rclpy's MultiThreadedExecutor would do, but it prepares its waits anew while callbacks are under way: with a clock and
joint states at 100 Hz it takes a whole core, and loses half of them (github.com/ros2/rclpy/issues/1452).
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

from rclpy.node import Node
from rclpy.task import Future


def long_callback(node: Node, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """`function` as a coroutine for a service or an action of `node`; what it returns or raises is the call's.

    The loop of the node goes on meanwhile, for other calls of the same callback, too, if its group is reentrant.
    """

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

        threading.Thread(target=work, name=getattr(function, "__name__", "long_callback")).start()
        return await done

    return call
