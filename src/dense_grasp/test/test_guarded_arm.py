"""What keeps a motion from being checked is said with its own code."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from dense_grasp.arm.guarded_arm import GuardedArm
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.nodes.robot_parameters import MOTION
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.parameters import declare

START = np.array([0.0, -0.8, 0.0, -2.3, 0.0, 1.5, 0.8])


class ArmThatFallsSilent:
    """Joint states come once and then no more; nothing is ever sent to it."""

    def __init__(self):
        self.left = 1
        self.wait_still = self.stop = lambda *_: None

    def positions(self):
        self.left -= 1
        if self.left < 0:
            raise GraspFailure(GraspCode.JOINT_STATE_STALE, "the newest joint state on /joint_states is 1.41 s old")
        return START

    def execute(self, trajectory, stop=None):
        raise AssertionError("sent without a check")


def guarded(graph, urdf):
    settings = robot_settings(declare(graph.node, MOTION))
    description = SimpleNamespace(topic="/robot_description", text=lambda _stop: urdf)
    move = Trajectory(tuple(settings.joint_names), np.array([0.0, 1.0]), np.array([START, START]), np.zeros((2, 7)))
    return GuardedArm(ArmThatFallsSilent(), settings, description, lambda _: np.eye(4)), move


def test_joint_states_that_stop_before_the_check_have_their_own_code(graph):
    arm, move = guarded(graph, primitive_arm_urdf("fr3", ""))
    with pytest.raises(GraspFailure) as failure:
        arm.execute(move)
    assert failure.value.code == GraspCode.JOINT_STATE_STALE, str(failure.value)


@pytest.mark.parametrize(("urdf", "message"), [("", "nothing arrived"), ("<robot name='r'/>", "no limits to check")])
def test_a_robot_without_limits_is_not_moved(graph, urdf, message):
    arm, move = guarded(graph, urdf)
    with pytest.raises(GraspFailure, match=message) as failure:
        arm.execute(move)
    assert failure.value.code == GraspCode.PLANNER_UNAVAILABLE
