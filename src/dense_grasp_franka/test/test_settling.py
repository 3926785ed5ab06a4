"""What is said of an arm that is not where it was commanded to be."""

from __future__ import annotations

import numpy as np
from dense_grasp_franka.arm_state import ArmState
from dense_grasp_franka.settling import goal_missed, path_deviation

JOINTS = [f"joint{i}" for i in range(1, 8)]
ALLOWED = np.full(7, 0.01)


def state(positions=0.0, velocities=0.0, commanded=0.0) -> ArmState:
    full = [np.full(7, value) if np.isscalar(value) else value for value in (positions, velocities, commanded)]
    return ArmState(full[0], full[1], np.zeros(7), full[2], "Move", 0, 0.0)


def only(joint: int, value: float) -> np.ndarray:
    return np.where(np.arange(1, 8) == joint, value, 0.0)


def test_path_deviation_names_the_joint_that_is_farthest_over_its_own_tolerance():
    assert path_deviation(state(0.005), ALLOWED, JOINTS) == ""
    assert path_deviation(state(only(3, 0.02)), ALLOWED, JOINTS) == (
        "joint3 is 0.0200 rad off the commanded position, allowed 0.0100"
    )
    unlimited = np.where(np.arange(1, 8) == 3, np.inf, ALLOWED)
    assert path_deviation(state(only(3, 9.0)), unlimited, JOINTS) == ""


def test_goal_needs_both_place_and_rest():
    goal = np.full(7, 0.5)
    assert goal_missed(state(0.5), goal, ALLOWED, JOINTS) == ""
    assert "joint2 is 0.0300 rad off the goal" in goal_missed(state(goal - only(2, 0.03)), goal, ALLOWED, JOINTS)
    assert "joint5 still moves at -0.020 rad/s" in goal_missed(state(0.5, only(5, -0.02)), goal, ALLOWED, JOINTS)
