"""A node of a program that has no executor of its own: spun in a thread, and every wait has a time-out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import rclpy
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.paced_executor import PacedExecutor
from rclpy.client import Client
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from rclpy.time import Time

PERIOD_S = 0.02  # between two looks of what is waited for
ANSWER_TIMEOUT_S = 20.0  # for a service or an action to be there and to answer
T = TypeVar("T")


class GraphError(DenseGraspError):
    """The graph did not start, died, or did not answer in time; or this client has ceased to listen."""


def wait_for(
    condition: Callable[[], T],
    timeout: float,
    what: str,
    check: Callable[[], None] | None = None,
    period: float = PERIOD_S,
) -> T:
    """The first truthy value of `condition()`, asked every `period` s in another thread than the one that spins.

    Raises GraphError with `what` after `timeout` s, and what `check` raises.
    """
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if check is not None:
            check()
        if time.monotonic() > end:
            raise GraphError(f"{what} did not happen within {timeout:g} s")
        time.sleep(period)


class NodeCalls:
    """Waits and calls of a node that another thread spins. check: called while something is waited for; what it raises
    ends the wait (for a graph that a test started and that has died).
    """

    def __init__(self, node: Node, check: Callable[[], None] | None = None):
        self.node = node
        self._check = check
        self._ended: Exception | None = None

    def wait(self, condition: Callable[[], T], timeout: float, what: str) -> T:
        """The first truthy value of `condition()`.

        Raises GraphError with `what` after `timeout` s, or at once when this client has ceased to listen.
        """

        def asked() -> T:
            # rclpy's own questions to a node that was shut down raise what names nothing, or wait for ever.
            shut_down = GraphError(f"waiting for {what}: this client's node was shut down")
            if not self.node.context.ok():
                raise shut_down
            try:
                return condition()
            except Exception as error:
                if self.node.context.ok():
                    raise
                raise shut_down from error

        def check() -> None:
            if self._ended is not None:
                raise GraphError(f"waiting for {what}: the client ended with {self._ended!r}") from self._ended
            if self._check is not None:
                self._check()

        return wait_for(asked, timeout, what, check)

    def now(self) -> Time:
        """The node's time."""
        return self.node.get_clock().now()

    def result(self, future: Any, timeout: float, what: str) -> Any:
        """The result of a future; raises GraphError after `timeout` s."""
        self.wait(future.done, timeout, what)
        return future.result()

    def call(self, client: Client, request: Any, timeout: float) -> Any:
        """The answer of a service; raises GraphError when it is not there or does not answer within `timeout` s."""
        self.wait(client.service_is_ready, timeout, f"service {client.srv_name}")
        return self.result(client.call_async(request), timeout, f"answer of {client.srv_name}")


class Connection(NodeCalls):
    """One ROS context of its own with one node, spun in a thread until `close`; use as a context manager.

    namespace: of the cell, as bringup's. With use_sim_time the clock is that cell's own: <namespace>/clock. It is taken
    before each callback, by `now`, and else twice a second: to wake for each of its messages takes a tenth of a core.
    domain: ROS_DOMAIN_ID, None for the environment's. check: called while something is waited for; what it raises ends
    the wait (for a graph that a test started and that has died).
    """

    def __init__(
        self,
        name: str = "dense_grasp_client",
        namespace: str = "",
        domain: int | None = None,
        use_sim_time: bool = False,
        check: Callable[[], None] | None = None,
    ):
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        clock = [Parameter("use_sim_time", value=use_sim_time)]
        place = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
        remap = ["--ros-args", "-r", f"/clock:={place}/clock"] if place else []
        node = Node(name, namespace=place or None, context=self._context, parameter_overrides=clock, cli_args=remap)
        super().__init__(node, check)
        self._executor = PacedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        except Exception as error:  # no answer comes from here on: whoever waits is to be told why
            if self._context.ok():
                self._ended = error

    def now(self) -> Time:
        """The node's time, from any thread. Raises GraphError when this client has ceased to listen."""
        clock = self.node.get_clock()
        if threading.current_thread() is self._thread:
            return clock.now()
        taken = threading.Event()
        future = self._executor.create_task(clock.now)
        future.add_done_callback(lambda _: taken.set())
        taken.wait(PERIOD_S)  # nearly always this is enough
        return self.result(future, ANSWER_TIMEOUT_S, "the time of this client's node")

    def leave(self, subscription: Subscription) -> None:
        """End a subscription of the node, in the thread that spins."""
        self._executor.create_task(self.node.destroy_subscription, subscription)

    def close(self) -> None:
        """Leave the graph."""
        self._context.try_shutdown()
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self.node.destroy_node()  # its subscriptions would be there for others until this process ends

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
