"""For tests: a graph of this process's own, in a private domain, nodes spun in threads, a client to talk to them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future

from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.lasting_executor import LastingThreads
from dense_grasp_ros.paced_executor import PacedExecutor

#: s of wall clock that a test waits for what must happen: a machine with other loads takes many times as long as a
#: quiet one, and a test that passes never spends it. "At once" is shown by what was not waited for, not by a clock.
PATIENCE = 120.0


class LocalGraph:
    """Nodes of one test in one context."""

    def __init__(self) -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=private_domain())
        self._stops: list[Callable[[], None]] = []
        self.nodes: list[Node] = []
        self.node = Node("test_client", context=self.context)
        self.spin(self.node)

    def spin(self, node: Node, threads: int = 8) -> Node:
        """Spin a node in a thread until the test ends; one that waits in callbacks needs several ``threads``."""
        executor: PacedExecutor | LastingThreads = (
            PacedExecutor(context=self.context)
            if threads == 1
            else LastingThreads(num_threads=threads, context=self.context)
        )
        executor.add_node(node)

        stopping, loop_ends = threading.Event(), Future()

        def run() -> None:
            try:
                if isinstance(executor, PacedExecutor):
                    executor.spin()
                else:
                    executor.spin_until_future_complete(loop_ends)
            except ExternalShutdownException:
                pass
            # rclpy: a callback that was due, or a wait that begins, meets the guard condition of a stopped executor.
            except (InvalidHandle, AttributeError):
                if not stopping.is_set():
                    raise

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.nodes.append(node)

        def stop() -> None:
            stopping.set()
            if isinstance(executor, LastingThreads):
                loop_ends.set_result(None)
                thread.join(timeout=5.0)
                executor.finish(5.0)
            executor.shutdown(timeout_sec=5.0)
            thread.join(timeout=5.0)
            node.destroy_node()

        self._stops.append(stop)
        return node

    def start(self, kind: type, **parameters: Any) -> Any:
        """Make a node of `kind` with parameters and spin it in one thread, as `run_node` does."""
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self.spin(kind(context=self.context, parameter_overrides=overrides), 1)

    def call(self, kind: Any, name: str, patience: float = PATIENCE, **fields: Any) -> Any:
        """Answer of a service."""
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(patience), f"no service {name}"
        future = client.call_async(kind.Request(**fields))
        wait_until(future.done, patience, f"answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def close(self) -> None:
        """Stop every node."""
        for stop in reversed(self._stops):
            stop()
        self.context.try_shutdown()


def wait_until(condition: Callable[[], Any], timeout: float = PATIENCE, what: str = "condition") -> Any:
    """The first truthy value of `condition()`; fails the test after the time-out, and never before PATIENCE."""
    timeout = max(timeout, PATIENCE)
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {timeout} s"
        time.sleep(0.02)
