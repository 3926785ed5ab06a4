"""A node's parameters: declared from their specifications, described, and checked while it runs."""

from __future__ import annotations

import math

import pytest
import rclpy
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.parameters import ParameterError, ParameterSpec
from dense_grasp_ros.parameters import declare
from rclpy.parameter import Parameter

SPECS = (
    ParameterSpec("speed", 0.5, "of the tool", "m/s", low=0.0, low_open=True, high=3.0, changeable=True),
    ParameterSpec("threads", 0, "of the network; 0: all", low=0, high=64),
    ParameterSpec("score", math.nan, "least", low=0.0, high=1.0, nan="calibrated"),
    ParameterSpec("xyz", (0.1, 0.0, 0.0), "of the camera", "m", low=-1, high=1, count=3),
)


@pytest.fixture
def made(graph):
    """`made(changed=None, speed=1)` gives a node with these overrides, and the values declared on it."""
    nodes = []

    def make(changed=None, **overrides):
        given = [Parameter(name, value=value) for name, value in overrides.items()]
        node = rclpy.create_node("mover", context=graph.context, parameter_overrides=given)
        nodes.append(node)
        return node, declare(node, SPECS, changed)

    yield make
    for node in nodes:
        node.destroy_node()


def test_values_are_the_overrides_or_the_defaults_in_the_declared_types(made):
    node, values = made(speed=1, xyz=[0, 0, 1])
    assert values["speed"] == 1.0 and values["xyz"] == [0.0, 0.0, 1.0] and values["threads"] == 0
    assert node.get_parameter("speed").type_ == Parameter.Type.DOUBLE
    assert list(node.get_parameter("xyz").value) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("override", [{"speed": math.nan}, {"threads": 1.5}, {"xyz": [0.0]}, {"score": "high"}])
def test_what_cannot_be_used_is_refused_at_the_start(made, override):
    (name,) = override
    with pytest.raises(ParameterError, match=f"parameter {name} is"):
        made(**override)


@pytest.mark.parametrize(
    ("given", "absolute"), [("eye/image", "/left/eye/image"), ("/eye", "/eye"), ("~/eye", "/left/mover/eye"), ("", "")]
)
def test_names_come_in_the_namespace_of_the_node(graph, given, absolute):
    override = Parameter("topic", value=given)
    node = rclpy.create_node("mover", namespace="left", context=graph.context, parameter_overrides=[override])
    assert declare(node, [ParameterSpec("topic", "", "of images", text="name")]) == {"topic": absolute}
    assert node.get_parameter("topic").value == given
    node.destroy_node()


def test_a_description_has_unit_range_and_whether_it_may_change(made):
    node, _ = made()
    speed, threads, score, xyz = node.describe_parameters(["speed", "threads", "score", "xyz"])
    assert speed.description == "of the tool, m/s"
    assert speed.additional_constraints == "a number above 0 and at most 3 m/s; may change while the node runs"
    assert (speed.floating_point_range[0].from_value, speed.floating_point_range[0].to_value) == (0.0, 3.0)
    assert (threads.integer_range[0].from_value, threads.integer_range[0].to_value) == (0, 64)
    assert threads.additional_constraints.endswith("read at the start only")
    assert "0 to 1; .nan: calibrated" in score.additional_constraints
    assert xyz.additional_constraints.startswith("3 numbers from -1 to 1 m")


def test_a_running_node_takes_only_what_it_can(made):
    taken = []
    node, _ = made(taken.append)
    for name, value, words in (
        ("speed", math.nan, "speed"),
        ("speed", 4.0, "speed"),
        ("threads", 2, "threads is read at the start only; restart mover to change it (while it runs: speed)"),
    ):
        (result,) = node.set_parameters([Parameter(name, value=value)])
        assert not result.successful and words in result.reason
    (result,) = node.set_parameters([Parameter("speed", value=2.0)])
    assert result.successful and taken == [{"speed": 2.0}]
    assert node.get_parameter("speed").value == 2.0
    (result,) = node.set_parameters([Parameter("use_sim_time", value=True)])
    assert result.successful


def test_a_change_that_the_node_refuses_is_not_made(made):
    def refuse(changes):
        raise DenseGraspError("the arm moves")

    node, _ = made(refuse)
    (result,) = node.set_parameters([Parameter("speed", value=2.0)])
    assert (result.successful, result.reason) == (False, "the arm moves")
    assert node.get_parameter("speed").value == 0.5
