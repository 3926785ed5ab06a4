"""A node's loop outlasts what another thread destroys while it prepares its wait."""

from __future__ import annotations

import os
import threading
import time

import pytest
import rclpy
from dense_grasp_ros.lasting_executor import LastingExecutor, LastingThreads
from dense_grasp_ros.paced_executor import PacedExecutor
from dense_grasp_ros.quiet import QuietGroup
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.executors import Executor
from rclpy.node import Node
from std_msgs.msg import Int32


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 101)
    node = Node("lasting", context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


@pytest.mark.parametrize("kind", [LastingExecutor, LastingThreads, PacedExecutor])
@pytest.mark.parametrize("group", [ReentrantCallbackGroup, QuietGroup])
def test_a_subscription_that_is_being_destroyed_ends_no_loop(
    node: Node, kind: type[Executor], group: type[CallbackGroup]
):
    executor = kind(context=node.context)
    executor.add_node(node)
    heard: list[int] = []
    node.create_subscription(Int32, "number", lambda message: heard.append(message.data), 10)
    numbers = node.create_publisher(Int32, "number", 10)
    gone = node.create_subscription(Int32, "number", lambda message: None, 10, callback_group=group())
    # What another thread shows for a moment: destroyed, and still one of the node's.
    gone.destroy()
    threading.Timer(0.2, node.destroy_subscription, [gone]).start()
    end = time.monotonic() + 60.0
    while not heard and time.monotonic() < end:
        numbers.publish(Int32(data=7))
        executor.spin_once(0.1)
    executor.shutdown()
    assert heard and heard[0] == 7
