"""Goals of a trajectory controller: what is refused, where a motion begins, what a tolerance of 0 and -1 means."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from dense_grasp_core.motion.trajectory_goal import (
    TrajectoryGoalError,
    points_of,
    tolerances_of,
    why_rejected,
)

JOINTS = [f"joint{i}" for i in range(1, 8)]
LIMITS = np.array([[-2.0, 2.0]] * 7)


def duration(seconds: float) -> SimpleNamespace:
    nanoseconds = round(seconds * 1e9)
    return SimpleNamespace(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def point(seconds: float, value: float, velocity: float | None = 0.0, **more) -> SimpleNamespace:
    velocities = [] if velocity is None else [velocity] * 7
    fields = {"positions": [value] * 7, "velocities": velocities, "accelerations": [], **more}
    return SimpleNamespace(time_from_start=duration(seconds), **fields)


def trajectory(*points, names=JOINTS) -> SimpleNamespace:
    return SimpleNamespace(joint_names=list(names), points=list(points))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (trajectory(point(1.0, 0.0), names=JOINTS[:6]), "joint names are"),
        (trajectory(), "no points"),
        (trajectory(point(1.0, 0.0), point(1.0, 0.1)), "point 1 is at 1.0000 s, expected later than 1.0000"),
        (trajectory(point(1.0, 0.0, positions=[0.0] * 6)), "point 0 has 6 positions"),
        (trajectory(point(1.0, float("nan"))), "expected finite numbers"),
        (trajectory(point(1.0, 2.1)), "joint1 of point 0 is 2.1000 rad, expected -2.0000 to 2.0000"),
        (trajectory(point(1.0, 0.1, 0.3)), "velocities of the last point"),
    ],
)
def test_refused_with_a_reason(wrong, words):
    assert words in why_rejected(wrong, JOINTS, LIMITS)


def test_a_sound_trajectory_passes_in_any_order_of_joints():
    assert why_rejected(trajectory(point(0.0, 0.0), point(1.0, 0.5), names=JOINTS[::-1]), JOINTS, LIMITS) == ""


def test_points_come_in_the_order_of_the_controller():
    turned = trajectory(point(0.5, 0.0, positions=[7, 6, 5, 4, 3, 2, 1]), names=JOINTS[::-1])
    found = points_of(turned, JOINTS, np.zeros(7), np.zeros(7))
    np.testing.assert_array_equal(found.positions[-1], [1, 2, 3, 4, 5, 6, 7])


def test_begins_at_the_arm_unless_there_is_a_point_at_zero():
    here, speed = np.full(7, 0.2), np.full(7, 0.01)
    found = points_of(trajectory(point(1.0, 0.5)), JOINTS, here, speed)
    np.testing.assert_array_equal(found.times, [0.0, 1.0])
    np.testing.assert_array_equal(found.positions[0], here)
    np.testing.assert_array_equal(found.velocities[0], speed)
    found = points_of(trajectory(point(0.0, 0.21), point(1.0, 0.5)), JOINTS, here, speed)
    np.testing.assert_array_equal(found.positions[0], np.full(7, 0.21))
    with pytest.raises(TrajectoryGoalError, match="joint1 at 0"):
        points_of(trajectory(point(0.0, 0.31), point(1.0, 0.5)), JOINTS, here, speed)


def test_velocities_count_only_when_every_point_has_them():
    found = points_of(trajectory(point(0.0, 0.0, None), point(1.0, 0.5)), JOINTS, np.zeros(7), np.zeros(7))
    assert found.velocities is None and found.accelerations is None


def test_tolerances():
    goal = SimpleNamespace(
        path_tolerance=[SimpleNamespace(name="joint2", position=0.5), SimpleNamespace(name="elsewhere", position=9.0)],
        goal_tolerance=[SimpleNamespace(name="joint3", position=-1.0), SimpleNamespace(name="joint4", position=0.0)],
        goal_time_tolerance=duration(0.0),
    )
    found = tolerances_of(goal, JOINTS)
    assert found.path.tolist() == [0.1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert np.isinf(found.goal[2]) and found.goal[3] == 0.01
    assert found.goal_time == 1.0
    goal.goal_time_tolerance = duration(2.5)
    assert tolerances_of(goal, JOINTS).goal_time == 2.5
