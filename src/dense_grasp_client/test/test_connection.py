"""A connection, with no graph there."""

from __future__ import annotations

import os
import time

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import pytest
from dense_grasp_client.connection import Connection, GraphError, wait_for
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.local_graph import PATIENCE
from rclpy.task import Future
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import Trigger

from dense_grasp_interfaces.action import GraspObject


def test_a_client_that_ceased_to_listen_says_why_at_once():
    with Connection(domain=private_domain()) as client:

        def fail() -> None:
            raise ValueError("a callback's fault")

        client.node.create_timer(0.01, fail)
        begin = time.monotonic()
        with pytest.raises(GraphError, match=r"waiting for a sign: .*a callback's fault"):
            client.wait(lambda: False, 600.0, "a sign")
        assert time.monotonic() - begin < 300.0


def test_what_does_not_happen_is_named():
    with (
        Connection(domain=private_domain()) as client,
        pytest.raises(GraphError, match=r"a sign did not happen within 0\.2 s"),
    ):
        client.wait(lambda: False, 0.2, "a sign")


def test_a_client_that_has_left_says_so_whatever_it_waits_for():
    with Connection(domain=private_domain()) as client:
        trigger = client.node.create_client(Trigger, "nobody_serves_this")
        action = ActionClient(client.node, GraspObject, "nor_this")
    with pytest.raises(GraphError, match="nobody_serves_this: this client's node was shut down"):
        client.call(trigger, Trigger.Request(), 30.0)
    with pytest.raises(GraphError, match="waiting for the action: this client's node was shut down"):
        client.wait(action.server_is_ready, 30.0, "the action")
    with pytest.raises(GraphError, match="waiting for an answer: this client's node was shut down"):
        client.result(Future(), 30.0, "an answer")


def test_who_has_left_is_not_listened_for_any_more():
    """A topic that is published while somebody subscribes would go on for as long as the process lives."""
    domain = private_domain()
    with Connection("stays", domain=domain) as stays:
        with Connection("leaves", domain=domain) as leaves:
            leaves.node.create_subscription(String, "told", lambda message: None, 1)
            stays.wait(lambda: stays.node.count_subscribers("told") == 1, PATIENCE, "the subscription")
        stays.wait(lambda: stays.node.count_subscribers("told") == 0, PATIENCE, "its end")


def test_a_simulated_clock_is_taken_when_it_is_asked_for_and_not_followed():
    domain = private_domain()
    with Connection("cell", domain=domain) as cell, Connection("asks", domain=domain, use_sim_time=True) as asks:
        clock = cell.node.create_publisher(Clock, "/clock", 10)
        asks.wait(lambda: clock.get_subscription_count() == 1, PATIENCE, "the client's subscription")
        kept = set()
        for tick in range(1, 401):
            clock.publish(Clock(clock=Time(nanoseconds=tick * 10_000_000).to_msg()))
            time.sleep(0.002)  # the publisher's pace
            kept.add(asks.node.get_clock().now().nanoseconds)
            if tick % 100 == 0:
                asks.wait(lambda sent=tick: asks.now().nanoseconds == sent * 10_000_000, PATIENCE, "the newest time")
        assert len(kept) < 200
        assert (
            asks.result(asks._executor.create_task(asks.now), PATIENCE, "a callback's question").nanoseconds
            == 4 * 10**9
        )


def test_a_question_during_which_the_client_leaves_is_answered_by_that():
    with Connection(domain=private_domain()) as client:
        trigger = client.node.create_client(Trigger, "nobody_serves_this")

        def leave_and_ask() -> bool:
            client.node.context.try_shutdown()
            return trigger.service_is_ready()

        with pytest.raises(GraphError, match="waiting for the service: this client's node was shut down"):
            client.wait(leave_and_ask, 30.0, "the service")


def test_waiting_ends():
    with pytest.raises(GraphError, match=r"the moon did not happen within 0\.1 s"):
        wait_for(lambda: False, 0.1, "the moon")
    assert wait_for(lambda: 7, 0.0, "at once") == 7
