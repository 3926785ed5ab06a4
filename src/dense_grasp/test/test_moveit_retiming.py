"""A trajectory from MoveIt, slowed down to our limits or refused."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp.planning.moveit.interface import PathAnswer
from dense_grasp.planning.moveit.retiming import retimed
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.motion.trajectory_check import MotionBounds, check_trajectory
from dense_grasp_core.result_codes import GraspCode

START = np.array([0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
GOAL = np.array([-0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])


@pytest.fixture(scope="module")
def planner():
    robot = RobotModel(primitive_arm_urdf(), "fr3")
    return in_process_planner(robot, PlannerConfig(MotionLimits(np.full(7, 1.0), np.full(7, 2.0)), tcp_speed=0.3))


def answer(planner, duration: float = 2.0, count: int = 21, **changed) -> PathAnswer:
    """A smooth answer: half a cosine from START to GOAL."""
    times = np.linspace(0.0, duration, count)
    share = (1 - np.cos(np.pi * times / duration))[:, None] / 2
    rate = (np.pi / duration * np.sin(np.pi * times / duration))[:, None] / 2
    whole = {
        "times": times,
        "positions": START + share * (GOAL - START),
        "velocities": rate * (GOAL - START),
        "joint_names": planner.joint_names,
    }
    return PathAnswer(1, "", **{**whole, **changed})


def guarded(planner, trajectory):
    limits, robot = planner.parts.timing.limits, planner.robot
    bounds = MotionBounds(robot.lower, robot.upper, limits, np.full(3, -2.0), np.full(3, 2.0), 0.3)
    check_trajectory(trajectory, bounds, planner.tcp_pose, START)


@pytest.mark.parametrize("duration", [0.3, 1.0, 10.0])
def test_it_is_slowed_down_to_the_limits_and_not_hurried(planner, duration):
    trajectory = retimed("move_group", answer(planner, duration), planner.parts.timing, 0.3, START, GOAL)
    guarded(planner, trajectory)
    assert trajectory.duration >= duration
    if duration == 10.0:
        assert trajectory.duration == pytest.approx(10.0)


def test_a_path_without_times_gets_ours(planner):
    untimed = answer(planner, times=np.zeros(21), velocities=np.zeros((0, 0)))
    trajectory = retimed("move_group", untimed, planner.parts.timing, 0.3, START, GOAL)
    guarded(planner, trajectory)
    np.testing.assert_array_equal(trajectory.end, GOAL)


def test_a_last_point_that_follows_at_once_takes_the_place_of_the_one_before(planner):
    first = answer(planner)
    times = first.times.copy()
    times[-2] = times[-1] - 1e-9
    trajectory = retimed("move_group", answer(planner, times=times), planner.parts.timing, 0.3, START, GOAL)
    guarded(planner, trajectory)
    assert len(trajectory.times) == 20
    np.testing.assert_array_equal(trajectory.end, GOAL)


def test_a_goal_where_the_arm_is_stands_still(planner):
    one = PathAnswer(1, "", planner.joint_names, np.zeros(1), START[None], np.zeros((1, 7)))
    trajectory = retimed("move_group", one, planner.parts.timing, 0.3, START, START)
    assert len(trajectory.times) == 2 and not trajectory.velocities.any()


@pytest.mark.parametrize(
    ("changed", "code", "word"),
    [
        ({"joint_names": tuple(f"panda_joint{i + 1}" for i in range(7))}, GraspCode.PLANNER_UNAVAILABLE, "panda"),
        ({"times": np.zeros(0), "positions": np.zeros((0, 7))}, GraspCode.PLANNING_FAILED, "0 times"),
        ({"positions": np.full((21, 7), np.nan)}, GraspCode.PLANNING_FAILED, "finite"),
        ({"positions": np.tile(GOAL, (21, 1))}, GraspCode.PLANNING_FAILED, "starts with fr3_joint1"),
        ({"positions": np.tile(START, (21, 1))}, GraspCode.PLANNING_FAILED, "ends with fr3_joint1"),
    ],
)
def test_an_answer_that_cannot_be_driven_is_refused(planner, changed, code, word):
    with pytest.raises(PlanError, match=word) as caught:
        retimed("move_group", answer(planner, **changed), planner.parts.timing, 0.3, START, GOAL)
    assert caught.value.code == code


def test_too_fast_near_the_end_of_a_joint_it_gets_our_times(planner):
    """MoveIt's limits are constant; the robot's are not."""
    goal = GOAL.copy()
    goal[0] = planner.robot.lower[0]
    first = answer(planner, 10.0)
    share = (1 - np.cos(np.pi * first.times / 10.0))[:, None] / 2
    rate = (np.pi / 10.0 * np.sin(np.pi * first.times / 10.0))[:, None] / 2
    way = goal - START
    near = answer(planner, times=first.times / 3, positions=START + share * way, velocities=3 * rate * way)
    limits, robot = planner.parts.timing.limits, planner.robot
    sent = Trajectory(planner.joint_names, near.times, near.positions, near.velocities)
    assert np.max(robot.near_ends.share(*sent.between()[1:])) > 1.0
    trajectory = retimed("move_group", near, planner.parts.timing, 0.3, START, goal)
    bounds = MotionBounds(robot.lower, robot.upper, limits, np.full(3, -2.0), np.full(3, 2.0), 0.3)
    check_trajectory(trajectory, bounds, planner.tcp_pose, START)
    np.testing.assert_array_equal(trajectory.end, goal)
    assert trajectory.duration < 20.0
