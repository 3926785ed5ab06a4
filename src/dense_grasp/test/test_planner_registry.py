"""A new planner is one file, here this one, and one line in PLANNERS."""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import dataclass, replace

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp.arm.robot_description import LATCHED
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.nodes.grasp_parameters import PLANNER_OPTIONS
from dense_grasp.nodes.robot_parameters import MOTION
from dense_grasp.planning.described_backend import DescribedBackend
from dense_grasp.planning.planners import PLANNERS
from dense_grasp.planning.registry import make_planner
from dense_grasp.planning.robot_and_config import robot_and_config
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.in_process_planner import in_process_parts
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.timing import PathTiming
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.parameters import declare
from rclpy.callback_groups import ReentrantCallbackGroup
from std_msgs.msg import String

START = np.array([-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108])


@dataclass(frozen=True)
class OneJointAfterTheOther:
    """PathFinder that moves one joint, then the next."""

    timing: PathTiming

    def joint_move(self, checker, start, goal, stop):
        corners = [np.where(np.arange(7) < moved, goal, start) for moved in range(8)]
        return self.timing.timed(np.array(corners), 0.5)


def make_one_joint(node, settings, callback_group=None):
    def build(robot_settings, urdf):
        own = in_process_parts(*robot_and_config(robot_settings, urdf, lambda name: ""))
        return PickPlanner(replace(own, path_finder=OneJointAfterTheOther(own.timing)))

    return DescribedBackend(node, settings, build, description_timeout=PATIENCE, callback_group=callback_group)


def test_one_more_line_makes_one_more_planner(graph, monkeypatch):
    monkeypatch.setitem(PLANNERS, "one_joint", f"{__name__}:make_one_joint")
    settings = robot_settings(declare(graph.node, MOTION))
    planner = make_planner("one_joint", graph.node, settings, ReentrantCallbackGroup())
    publisher = graph.node.create_publisher(String, settings.description_topic, LATCHED)
    publisher.publish(String(data=primitive_arm_urdf()))
    goal = START + np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0, -0.2])
    trajectory = planner.plan_joints(START, goal, WorldModel())
    np.testing.assert_allclose(trajectory.end, goal)
    first_there = np.abs(trajectory.positions[:, 0] - goal[0]) < 0.02
    last_waits = np.abs(trajectory.positions[:, 6] - START[6]) < 0.02
    assert np.any(first_there & last_waits)


def test_every_planner_has_its_maker_and_can_be_asked_for():
    for name, maker in PLANNERS.items():
        assert name in PLANNER_OPTIONS
        assert list(inspect.signature(pkgutil.resolve_name(maker)).parameters) == ["node", "settings", "callback_group"]


def test_a_stop_while_the_description_is_waited_for_is_a_cancel_as_any_other(graph):
    """A planner raises one kind of cancel, whatever it waits for."""
    settings = replace(robot_settings(declare(graph.node, MOTION)), description_topic="/nobody/describes")
    planner = make_planner("ompl", graph.node, settings, ReentrantCallbackGroup())
    with pytest.raises(Canceled):
        planner.plan_joints(START, START, WorldModel(), lambda: True)
