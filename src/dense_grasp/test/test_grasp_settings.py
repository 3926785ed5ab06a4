"""What of the executor's parameters may change while it runs."""

from __future__ import annotations

import numpy as np
import pytest
import rclpy
from dense_grasp.grasping.settings import changed_settings
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp_core.grasping.interfaces import GraspSettings
from dense_grasp_ros.parameters import declare
from rclpy.parameter import Parameter

SETTINGS = GraspSettings((np.zeros(7),), np.zeros(3), np.ones(3))


def test_the_next_goal_takes_what_was_changed():
    changed = changed_settings(SETTINGS, {"hold_time": 3.0, "after_grasp": "place_back"})
    assert (changed.hold_time, changed.after_grasp) == (3.0, "place_back")
    assert (SETTINGS.hold_time, SETTINGS.after_grasp) == (0.5, "hold")


def test_a_pose_to_deliver_to_is_seven_numbers_and_zeros_are_none():
    pose = [0.1, 0.0, 0.0, -2.0, 0.0, 2.0, 0.8]
    changed = changed_settings(SETTINGS, {"deliver_joints": pose})
    np.testing.assert_array_equal(changed.deliver_joints, pose)
    assert changed_settings(SETTINGS, {"deliver_joints": [0.0] * 7}).deliver_joints is None


@pytest.fixture
def executor_like(graph):
    """A node with the executor's parameters that keeps its settings as the executor does."""
    node = rclpy.create_node("grasp_executor", context=graph.context)
    node.settings = SETTINGS

    def change(changes):
        node.settings = changed_settings(node.settings, changes)

    declare(node, GRASP_EXECUTOR, change)
    yield node
    node.destroy_node()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lift_height", 0.3, "lift_height is read at the start only; restart grasp_executor"),
        ("hold_time", -1.0, "hold_time"),
        ("hold_time", float("nan"), "hold_time"),
        ("after_grasp", "juggle", "after_grasp is 'juggle', expected one of hold"),
        ("after_grasp", "deliver", "after_grasp is 'deliver', expected deliver_joints"),
        ("deliver_joints", [0.1, 0.2], "deliver_joints is [0.1, 0.2], expected 7 numbers"),
    ],
)
def test_what_cannot_be_taken_is_refused(executor_like, name, value, message):
    (result,) = executor_like.set_parameters([Parameter(name, value=value)])
    assert not result.successful and message in result.reason
    assert executor_like.settings == SETTINGS


def test_the_clock_is_not_the_executors_business(executor_like):
    (result,) = executor_like.set_parameters([Parameter("use_sim_time", value=True)])
    assert result.successful, result.reason
