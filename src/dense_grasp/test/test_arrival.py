"""A controller that says that it is done is believed only where the joints are."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.arm.arrival import check_arrival
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode

NAMES = ("a_joint1", "a_joint2")
MOVE = Trajectory(NAMES, np.array([0.0, 1.0]), np.array([[0.0, 0.0], [0.5, 0.2]]), np.zeros((2, 2)))


def tcp_pose(q):
    """The first joint turns an arm of 0.6 m about z."""
    pose = np.eye(4)
    pose[:2, 3] = 0.6 * np.cos(q[0]), 0.6 * np.sin(q[0])
    return pose


class Positions:
    """Joint states, one after the other; the last one stays."""

    def __init__(self, *rows):
        self.rows = [np.array(row) for row in rows]
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]


def test_within_the_tolerance_nothing_is_said():
    check_arrival(MOVE, Positions([0.515, 0.19]), 0.02, tcp_pose)


def test_an_arm_that_settles_is_waited_for():
    positions = Positions([0.40, 0.2], [0.45, 0.2], [0.49, 0.2])
    check_arrival(MOVE, positions, 0.02, tcp_pose, settle_timeout=30.0)
    assert positions.asked >= 3


def test_beside_the_goal_the_worst_joint_and_the_distance_of_the_tool_are_named():
    with pytest.raises(GraspFailure) as failure:
        check_arrival(MOVE, Positions([0.45, 0.21]), 0.02, tcp_pose, settle_timeout=0.05)
    assert failure.value.code == GraspCode.NOT_AT_GOAL == 306
    message = str(failure.value)
    assert "a_joint1 is at 0.4500 rad, 0.0500 from 0.5000" in message
    assert "goal_tolerance is 0.02" in message
    assert "the tool centre point is 30 mm off" in message


def test_joint_states_that_stop_are_their_own_failure():
    def stale():
        raise GraspFailure(GraspCode.JOINT_STATE_STALE, "old")

    with pytest.raises(GraspFailure) as failure:
        check_arrival(MOVE, stale, 0.02, tcp_pose)
    assert failure.value.code == GraspCode.JOINT_STATE_STALE


def test_a_cancel_ends_the_wait():
    with pytest.raises(Canceled):
        check_arrival(MOVE, Positions([0.0, 0.0]), 0.02, tcp_pose, lambda: True, settle_timeout=30.0)
