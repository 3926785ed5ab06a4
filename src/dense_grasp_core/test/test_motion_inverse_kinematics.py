"""Inverse kinematics: accuracy, limits, nearness; straight lines."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pinocchio")
from dense_grasp_core.geometry.se3 import exp, inverse, log, rotation_angle
from dense_grasp_core.motion.cartesian import straight_line
from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics, interpolate_poses
from dense_grasp_core.motion.robot import READY
from dense_grasp_core.result_codes import GraspCode

DOWN = np.diag([1.0, -1.0, -1.0, 1.0])


def pose_over_table(x: float, y: float, z: float, yaw: float = 0.0) -> np.ndarray:
    pose = exp([0, 0, 0, 0, 0, yaw]) @ DOWN
    pose[:3, 3] = x, y, z
    return pose


@pytest.fixture
def kinematics(robot):
    return InverseKinematics(robot)


def test_poses_over_the_table_are_reached_exactly_within_limits(kinematics, robot, observe):
    generator = np.random.default_rng(1)
    missed = 0
    for _ in range(60):
        x, y, z = generator.uniform([0.33, -0.27, 0.08], [0.67, 0.27, 0.4])
        pose = pose_over_table(x, y, z, generator.uniform(-np.pi / 2, np.pi / 2))
        q = next(kinematics.solutions(pose, observe), None)
        if q is None:
            missed += 1
            continue
        error = log(inverse(robot.tcp_pose(q)) @ pose)
        assert np.max(np.abs(error)) < 2e-5
        assert robot.within_limits(q, 0.019)
    assert missed == 0


def test_from_a_near_seed_the_solution_stays_near(kinematics, robot):
    q = READY + 0.05
    nudged = robot.tcp_pose(q) @ exp([0.01, 0.0, 0.005, 0.0, 0.02, 0.0])
    solution = kinematics.solve(nudged, q)
    assert solution is not None
    assert np.max(np.abs(solution - q)) < 0.1


def test_out_of_reach_is_none(kinematics):
    assert kinematics.solve(pose_over_table(1.2, 0.0, 0.1), READY) is None
    assert next(kinematics.solutions(pose_over_table(1.2, 0.0, 0.1), READY), None) is None


def test_solutions_differ(kinematics):
    found = list(kinematics.solutions(pose_over_table(0.5, 0.1, 0.3), READY))
    assert len(found) >= 2
    assert np.max(np.abs(found[0] - found[1])) > 0.05


@pytest.mark.parametrize("closing", [1.0, -1.0])
@pytest.mark.parametrize("heading", [-1.2, -0.6, 0.0, 0.6, 1.2])
def test_a_level_hand_is_reached_from_an_arm_that_looks_down(kinematics, robot, observe, heading, closing):
    approach = np.array([np.cos(heading), np.sin(heading), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross([0.0, 0.0, closing], approach), [0.0, 0.0, closing], approach], axis=1)
    pose[:3, 3] = (0.40, 0.05, 0.16)
    found = list(kinematics.solutions(pose, observe))
    assert found
    for q in found:
        np.testing.assert_allclose(robot.tcp_pose(q), pose, atol=2e-5)


def test_interpolated_rotation_turns_evenly():
    goal = pose_over_table(0.5, 0.2, 0.3, 1.0)
    start = pose_over_table(0.4, 0.0, 0.1)
    quarter = interpolate_poses(start, goal, 0.25)
    assert rotation_angle(inverse(start) @ quarter) == pytest.approx(0.25)
    np.testing.assert_allclose(quarter[:3, 3], [0.425, 0.05, 0.15])


def test_straight_line_is_straight(kinematics, robot, observe):
    start = next(kinematics.solutions(pose_over_table(0.5, 0.1, 0.35, 0.4), observe))
    goal = pose_over_table(0.5, 0.1, 0.1, 0.4)
    path = straight_line(kinematics, start, goal)
    between = np.concatenate([path, 0.5 * (path[1:] + path[:-1])])
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in between])
    assert np.max(np.abs(points[:, :2] - [0.5, 0.1])) < 2e-4
    turned = [rotation_angle(inverse(goal) @ robot.tcp_pose(q)) for q in between]
    assert max(turned) < 1e-3
    np.testing.assert_allclose(robot.tcp_pose(path[-1]), goal, atol=2e-5)
    assert np.max(np.abs(np.diff(path, axis=0))) < 0.15


def test_straight_line_that_leaves_the_reach_says_where(kinematics):
    with pytest.raises(PlanError, match=r"after \d+ of \d+ mm") as failure:
        straight_line(kinematics, READY, pose_over_table(1.0, 0.0, 0.5))
    assert failure.value.code == GraspCode.UNREACHABLE


def test_straight_line_that_needs_another_branch_is_refused(kinematics):
    with pytest.raises(PlanError, match="jumps by"):
        straight_line(kinematics, READY, pose_over_table(0.5, 0.0, 0.3), max_joint_step=1e-3)
