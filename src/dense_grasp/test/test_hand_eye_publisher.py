"""The hand-eye transform: latched on /tf_static, refused when it cannot be meant."""

from __future__ import annotations

import pytest
from dense_grasp.nodes.hand_eye_publisher import HandEyeError, HandEyePublisher, hand_eye_transform
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer, TransformListener

GOOD = ("fr3_hand", "camera_link", [0.065, -0.0175, 0.035], [0.7071068, 0.0, 0.7071068, 0.0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({0: ""}, "two different frames"),
        ({1: "fr3_hand"}, "two different frames"),
        ({2: [0.1, 0.2]}, "3 finite numbers"),
        ({2: [0.1, 0.2, float("nan")]}, "3 finite numbers"),
        ({2: [65.0, 0.0, 0.0]}, "at most 1.0 m"),
        ({3: [0.0, 0.0, 1.0]}, "4 finite numbers"),
        ({3: [0.0, 0.0, 0.0, 0.0]}, "norm 0.0000"),
        ({3: [90.0, 0.0, 90.0, 0.0]}, "norm 1, not of the norm 127"),
    ],
)
def test_what_cannot_be_meant_is_refused(changed, words):
    arguments = [changed.get(i, value) for i, value in enumerate(GOOD)]
    with pytest.raises(HandEyeError, match=words):
        hand_eye_transform(*arguments)


def test_a_rounded_quaternion_is_normalised():
    rotation = hand_eye_transform(*GOOD[:3], [0.7073, 0.0, 0.7073, 0.0]).transform.rotation
    assert rotation.x**2 + rotation.z**2 == pytest.approx(1.0)


def test_a_late_listener_gets_it(graph, until):
    graph.start(HandEyePublisher, robot_type="panda", prefix="left_", xyz=[0.1, 0.0, 0.0])
    heard: list[TFMessage] = []
    qos = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    graph.node.create_subscription(TFMessage, "/tf_static", heard.append, qos)
    until(lambda: heard, 10.0, "transform")
    (transform,) = heard[0].transforms
    assert transform.header.frame_id == "left_panda_hand"
    assert transform.child_frame_id == "left_camera_link"
    assert transform.transform.translation.x == pytest.approx(0.1)


def test_a_transform_that_is_set_while_it_runs_replaces_the_former(graph, until):
    node = graph.start(HandEyePublisher, robot_type="fr3", xyz=[0.1, 0.0, 0.0])
    buffer = Buffer()
    TransformListener(buffer, graph.node)
    there = lambda: buffer.lookup_transform("fr3_hand", "camera_link", Time()).transform.translation.x  # noqa: E731
    until(lambda: buffer.can_transform("fr3_hand", "camera_link", Time()), 60.0, "transform")
    assert there() == pytest.approx(0.1)
    (answer,) = node.set_parameters([Parameter("xyz", value=[0.105, 0.0, 0.0])])
    assert answer.successful
    until(lambda: there() == pytest.approx(0.105), 60.0, "the new transform")
    for name, value, words in (
        ("xyz", [3.0, 0.0, 0.0], "xyz"),
        ("quaternion", [0.0, 0.0, 0.0, 0.5], "norm 0.5"),
        ("child", "other_link", "read at the start only"),
    ):
        (answer,) = node.set_parameters([Parameter(name, value=value)])
        assert not answer.successful and words in answer.reason
    assert there() == pytest.approx(0.105)
