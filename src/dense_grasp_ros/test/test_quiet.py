"""Quiet subscriptions: they wake nobody, are taken when a call begins and while it runs, and say when they came."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.long_callback import long_callback
from dense_grasp_ros.paced_executor import IDLE_PACE, PacedExecutor
from dense_grasp_ros.quiet import QuietGroup, heard_at, stay_awake_while
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Int32
from std_srvs.srv import Trigger

DOMAIN = 1 + os.getpid() % 101
DEPTH = 5


class Listener(Node):
    """A quiet topic, and a service that says what it knew of it at its begin and, when released, at its end."""

    def __init__(self, context: rclpy.Context, use_sim_time: bool = False):
        clock = [Parameter("use_sim_time", value=use_sim_time)]
        super().__init__("listener", context=context, parameter_overrides=clock)
        self.heard: list[tuple[int, float]] = []
        self.release = threading.Event()
        self.create_subscription(Int32, "number", self._on_number, DEPTH, callback_group=QuietGroup())
        group = ReentrantCallbackGroup()
        self.create_service(Trigger, "ask", long_callback(self, self._ask), callback_group=group)

    def _on_number(self, message: Int32, info: dict[str, Any]) -> None:
        self.heard.append((message.data, heard_at(info)))

    def _ask(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        at_begin = [number for number, _ in self.heard]
        self.release.wait(PATIENCE)
        response.message = f"{at_begin} {[number for number, _ in self.heard]}"
        return response


class Graph:
    def __init__(self) -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.threads: list[threading.Thread] = []
        self.executors: list[Any] = []
        self.nodes: list[Node] = []
        self.talker = Node("talker", context=self.context)
        self.numbers = self.talker.create_publisher(Int32, "number", 10)
        self.clock = self.talker.create_publisher(Clock, "/clock", 10)
        self.client = self.talker.create_client(Trigger, "ask")
        self.spin(self.talker, SingleThreadedExecutor(context=self.context))

    def spin(self, node: Node, executor: Any) -> Any:
        executor.add_node(node)
        self.nodes.append(node)

        def run() -> None:
            with contextlib.suppress(ExternalShutdownException):
                executor.spin()

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.executors.append(executor)
        self.threads[-1].start()
        return executor

    def listener(self, **more: Any) -> Listener:
        node = Listener(self.context, **more)
        self.spin(node, PacedExecutor(context=self.context))
        wait(lambda: self.numbers.get_subscription_count() == 1 and self.client.service_is_ready(), "discovery")
        return node

    def close(self) -> None:
        for node, executor, thread in zip(self.nodes, self.executors, self.threads):
            executor.shutdown(timeout_sec=5.0)
            thread.join(timeout=PATIENCE)
            node.destroy_node()
        self.context.try_shutdown()


def wait(condition: Any, what: str, timeout: float = PATIENCE) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {timeout} s"
        time.sleep(0.01)


@pytest.fixture
def graph() -> Iterator[Graph]:
    running = Graph()
    yield running
    running.close()


def send(graph: Graph, *numbers: int) -> None:
    for number in numbers:
        graph.numbers.publish(Int32(data=number))


def test_messages_wait_until_a_call_begins_and_say_when_they_came(graph: Graph) -> None:
    node = graph.listener()
    looked = graph.executors[-1]
    before = time.monotonic()
    send(graph, 1, 2, 3)
    sent = time.monotonic()
    wait(lambda: looked._next > sent + 3 * IDLE_PACE, "some looks of the idle executor")
    assert node.heard == []
    node.release.set()
    asked = time.monotonic()
    future = graph.client.call_async(Trigger.Request())
    wait(future.done, "the answer")
    assert future.result().message.startswith("[1, 2, 3]")
    assert all(before <= heard < asked for _, heard in node.heard)


def test_a_group_at_rest_is_heard_without_a_call(graph: Graph) -> None:
    node = graph.listener()
    heard: list[int] = []
    at_rest = QuietGroup(at_rest=True)
    node.create_subscription(Int32, "number", lambda message: heard.append(message.data), DEPTH, callback_group=at_rest)
    wait(lambda: graph.numbers.get_subscription_count() == 2, "discovery")
    send(graph, 1, 2)
    wait(lambda: heard == [1, 2], "the messages")
    assert node.heard == []


def test_messages_are_taken_while_a_call_is_under_way(graph: Graph) -> None:
    node = graph.listener()
    future = graph.client.call_async(Trigger.Request())
    wait(lambda: graph.executors[-1]._calls == 1, "the call")
    send(graph, 7)
    wait(lambda: [number for number, _ in node.heard] == [7], "the message")
    node.release.set()
    wait(future.done, "the answer")
    assert future.result().message == "[] [7]"
    wait(lambda: graph.executors[-1]._calls == 0, "the end of the call")


def test_only_the_newest_are_kept(graph: Graph) -> None:
    node = graph.listener()
    node.release.set()
    send(graph, *range(20))
    wait(lambda: graph.client.call_async(Trigger.Request()) and len(node.heard) >= DEPTH, "the queue")
    assert [number for number, _ in node.heard][-1] == 19 and len(node.heard) < 20


def test_a_reason_keeps_a_node_awake(graph: Graph) -> None:
    node = graph.listener()
    awake = threading.Event()
    stay_awake_while(node, awake.is_set)
    awake.set()
    send(graph, 5)
    wait(lambda: [number for number, _ in node.heard] == [5], "the message")


def test_the_clock_goes_on_and_what_came_before_its_jump_back_is_dropped(graph: Graph) -> None:
    node = graph.listener(use_sim_time=True)
    wait(lambda: graph.clock.get_subscription_count() == 1, "the clock's listener")

    def seconds() -> float:
        return node.get_clock().now().nanoseconds * 1e-9

    graph.clock.publish(Clock(clock=rclpy.time.Time(seconds=100).to_msg()))
    wait(lambda: seconds() == 100.0, "the time, with no call under way")
    send(graph, 1, 2)
    graph.clock.publish(Clock(clock=rclpy.time.Time(seconds=3).to_msg()))
    wait(lambda: seconds() == 3.0, "the time after the jump")
    send(graph, 3)
    node.release.set()
    future = graph.client.call_async(Trigger.Request())
    wait(future.done, "the answer")
    wait(lambda: node.heard, "the message after the jump")
    assert [number for number, _ in node.heard] == [3]


def test_a_callback_that_asks_for_the_time_is_told_the_newest(graph: Graph) -> None:
    """As the callback of an image, whose stamp is compared with the clock."""
    node = graph.listener(use_sim_time=True)
    lags: list[float] = []

    def compare(message: Clock) -> None:
        lags.append(rclpy.time.Time.from_msg(message.clock).nanoseconds - node.get_clock().now().nanoseconds)

    node.create_subscription(Clock, "stamp", compare, 10)
    stamps = graph.talker.create_publisher(Clock, "stamp", 10)
    wait(lambda: graph.clock.get_subscription_count() == 1 == stamps.get_subscription_count(), "discovery")
    for number in range(1, 6):
        stamp = Clock(clock=rclpy.time.Time(seconds=number).to_msg())
        graph.clock.publish(stamp)
        wait(lambda: graph.clock.wait_for_all_acked(rclpy.duration.Duration(seconds=5)), "the clock's arrival")
        stamps.publish(stamp)
        wait(lambda number=number: len(lags) == number, "the stamp")
    assert lags == [0.0] * 5


def test_in_any_other_executor_they_are_as_all_others(graph: Graph) -> None:
    node = Listener(graph.context)
    graph.spin(node, SingleThreadedExecutor(context=graph.context))
    wait(lambda: graph.numbers.get_subscription_count() == 1, "discovery")
    send(graph, 4)
    wait(lambda: [number for number, _ in node.heard] == [4], "the message")


def test_an_idle_node_wakes_rarely(graph: Graph) -> None:
    """Counted, not timed: the executor asks for its nodes before every wait, and in every turn."""
    node = graph.listener(use_sim_time=True)
    wait(lambda: graph.clock.get_subscription_count() == 1, "the clock's listener")
    executor, asked = graph.executors[-1], [0]
    get_nodes = executor.get_nodes

    def counted() -> list[Node]:
        asked[0] += 1
        return list(get_nodes())

    executor.get_nodes = counted
    began = time.monotonic()
    for number in range(500):
        send(graph, number)
        graph.clock.publish(Clock(clock=rclpy.time.Time(nanoseconds=number).to_msg()))
        time.sleep(0.002)
    took = time.monotonic() - began
    assert asked[0] <= 10 * (took / IDLE_PACE + 2)
    assert node.heard == []
