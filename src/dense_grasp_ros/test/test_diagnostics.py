"""What a node says of itself on /diagnostics."""

from __future__ import annotations

from dense_grasp_ros.diagnostics import ERROR, OK, WARN, Diagnostics, Rate, Report, without_publisher
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node


def test_each_part_reports_every_second_and_one_that_fails_hides_no_other(graph, until):
    node = Node("eye", namespace="left", context=graph.context)
    rate = Rate()

    def images() -> Report:
        rate.note()
        return Report(WARN, "slow", {"rate_hz": 2.0, "subscribed": True, "age_s": None, "file": "a.safetensors"})

    def broken() -> Report:
        raise RuntimeError("no lens")

    heard: list[DiagnosticArray] = []
    graph.node.create_subscription(DiagnosticArray, "/diagnostics", heard.append, 10)
    node.diagnostics = Diagnostics(node, "camera", {"images": images, "lens": broken})
    graph.spin(node, 1)
    until(lambda: len(heard) >= 2, 20.0, "two reports")
    first, second = heard[-1].status
    assert (first.name, first.level, first.message, first.hardware_id) == ("left/eye: images", WARN, "slow", "camera")
    assert {value.key: value.value for value in first.values} == {
        "rate_hz": "2.000",
        "subscribed": "true",
        "age_s": "none",
        "file": "a.safetensors",
    }
    assert (second.level, second.message) == (ERROR, "no report: RuntimeError: no lens")
    hz, _ = rate.read()
    assert 0.0 < hz < 5.0


def test_a_rate_is_that_since_the_last_look():
    now = [100.0]
    rate = Rate(lambda: now[0])
    assert rate.read() == (0.0, None)
    for _ in range(4):
        now[0] += 0.5
        rate.note()
    now[0] += 2.0
    assert rate.read() == (1.0, 2.0)
    assert rate.read() == (0.0, 2.0)
    now[0] += 1.0
    assert rate.read() == (0.0, 3.0)


def test_topics_that_nobody_publishes_are_named(graph, until):
    graph.node.create_publisher(DiagnosticArray, "/spoken", 1)
    until(lambda: without_publisher(graph.node, ["/spoken", "/mute"]) == ["/mute"], 20.0, "discovery")
    assert OK == b"\x00"
