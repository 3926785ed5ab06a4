"""The external force as the driver publishes it."""

from __future__ import annotations

import time
from itertools import count

import dense_grasp.arm.wrench_monitor as wrench_monitor
import pytest
from dense_grasp.arm.wrench_monitor import WrenchMonitor
from geometry_msgs.msg import WrenchStamped

NUMBERS = count()


def wrench(z: float) -> WrenchStamped:
    message = WrenchStamped()
    message.wrench.force.z = z
    return message


def test_the_median_of_what_came_lately(graph, until, monkeypatch):
    monkeypatch.setattr(wrench_monitor, "WINDOW", 30.0)
    topic = f"/wrench_{next(NUMBERS)}"
    monitor = WrenchMonitor(graph.node, topic)
    publisher = graph.node.create_publisher(WrenchStamped, topic, 10)
    until(publisher.get_subscription_count, 10.0, "subscription")
    for z in (-1.0, -1.2, -9.0, float("nan")):
        publisher.publish(wrench(z))
    until(lambda: len(monitor._samples) == 3, 10.0, "three forces")
    assert monitor.vertical() == pytest.approx(-1.2)


def test_an_old_force_is_none(graph, until, monkeypatch):
    monkeypatch.setattr(wrench_monitor, "WINDOW", 0.05)
    monitor = WrenchMonitor(graph.node, "")
    assert monitor.vertical() is None
    monitor.update(wrench(-1.0))
    time.sleep(0.06)
    assert monitor.vertical() is None
