"""Timing: limits hold by finite differences, ends are at rest, the path is kept."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("toppra")
from dense_grasp_core.motion.timing import (
    LimitError,
    MotionLimits,
    PathTiming,
    excess,
    slow_down,
    standstill,
    time_path,
)

NAMES = tuple(f"joint{i}" for i in range(7))
START = np.array([0.0, -0.5, 0.0, -2.0, 0.0, 1.5, 0.7])


def zigzag(seed: int) -> np.ndarray:
    steps = np.random.default_rng(seed).uniform(-0.6, 0.6, (4, 7))
    return START + np.concatenate([np.zeros((1, 7)), np.cumsum(steps, axis=0)])


def test_a_node_that_plans_imports_no_plots():
    """And who wants to draw one afterwards finds the real matplotlib."""
    code = (
        "import sys, dense_grasp_core.motion.timing as t; assert t.toppra and 'matplotlib' not in sys.modules; "
        "import matplotlib.pyplot as plots; assert plots.plot"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seed", range(5))
def test_limits_hold(limits, seed):
    trajectory = time_path(NAMES, zigzag(seed), limits)
    step = np.diff(trajectory.times)[:, None]
    velocity = np.diff(trajectory.positions, axis=0) / step
    assert np.max(np.abs(velocity) / limits.velocity) <= 1.001
    assert np.max(np.abs(trajectory.velocities) / limits.velocity) <= 1.001
    inner = velocity[1:-1]
    acceleration = np.diff(inner, axis=0) / step[1:-2]
    assert np.max(np.abs(acceleration) / limits.acceleration) <= 1.05


@pytest.mark.parametrize("seed", range(40))
def test_points_of_a_crooked_line_keep_the_limits(limits, seed):
    """As of straight lines of the tool: many small steps that turn a little."""
    generator = np.random.default_rng(seed)
    turns = np.cumsum(generator.normal(0.0, 0.01, (24, 7)), axis=0) + generator.normal(0.0, 0.02, 7)
    trajectory = time_path(NAMES, START + np.concatenate([np.zeros((1, 7)), np.cumsum(turns, axis=0)]), limits)
    gain = np.diff(trajectory.velocities, axis=0) / np.diff(trajectory.times)[:, None]
    assert np.max(np.abs(gain) / limits.acceleration) <= 1.0 + 1e-9
    assert excess(trajectory, limits) <= 1.0 + 1e-9


def test_limits_are_used(limits):
    trajectory = time_path(NAMES, np.stack([START, START + 1.0]), limits)
    assert np.max(np.abs(trajectory.velocities) / limits.velocity) > 0.8
    slowest = 2 * np.sqrt(1.0 / limits.acceleration.min()) + 1.0 / limits.velocity.min()
    assert trajectory.duration < slowest


def test_ends_are_exact_and_at_rest(limits):
    path = zigzag(7)
    trajectory = time_path(NAMES, path, limits)
    np.testing.assert_array_equal(trajectory.start, path[0])
    np.testing.assert_array_equal(trajectory.end, path[-1])
    np.testing.assert_array_equal(trajectory.velocities[[0, -1]], np.zeros((2, 7)))
    assert trajectory.times[0] == 0.0
    assert np.all(np.diff(trajectory.times) > 0)


def test_velocities_are_the_derivative_of_positions(limits):
    trajectory = time_path(NAMES, zigzag(2), limits)
    middle = (trajectory.positions[2:] - trajectory.positions[:-2]) / (trajectory.times[2:] - trajectory.times[:-2])[
        :, None
    ]
    assert np.max(np.abs(middle - trajectory.velocities[1:-1])) < 0.05


def test_the_spline_stays_near_the_polyline(limits):
    path = zigzag(3)
    trajectory = time_path(NAMES, path, limits)
    for q in trajectory.positions[::3]:
        nearest = min(_distance(q, a, b) for a, b in pairwise(path))
        assert nearest < 0.05


def _distance(q: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    fraction = np.clip((q - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return float(np.linalg.norm(q - a - fraction * (b - a)))


def test_no_way_to_go_is_a_standstill(limits):
    trajectory = time_path(NAMES, np.stack([START, START]), limits)
    assert trajectory.duration == pytest.approx(0.1)
    np.testing.assert_array_equal(trajectory.positions, standstill(NAMES, START).positions)


def test_slowing_down_keeps_the_path(limits):
    trajectory = time_path(NAMES, zigzag(1), limits)
    slow = slow_down(trajectory, 3.0)
    assert slow.duration == pytest.approx(3 * trajectory.duration)
    np.testing.assert_allclose(slow.velocities, trajectory.velocities / 3)
    assert slow_down(trajectory, 0.5).duration == trajectory.duration


@pytest.mark.parametrize(
    ("velocity", "acceleration", "words"),
    [
        (np.ones(7), np.ones(6), "7 velocity limits but 6"),
        (np.zeros(7), np.ones(7), "velocity limits"),
        (np.ones(7), np.full(7, np.nan), "acceleration limits"),
    ],
)
def test_impossible_limits_are_refused(velocity, acceleration, words):
    with pytest.raises(LimitError, match=words):
        MotionLimits(velocity, acceleration)


@pytest.mark.parametrize("factor", [0.0, -0.1, 1.5, float("nan")])
def test_impossible_scaling_is_refused(factor):
    with pytest.raises(LimitError, match="velocity scaling"):
        MotionLimits.scaled(np.ones(7), np.ones(7), factor, 0.5)


def test_interpolation_of_a_trajectory(limits):
    trajectory = time_path(NAMES, zigzag(1), limits)
    np.testing.assert_allclose(trajectory.at(-1.0), trajectory.start)
    np.testing.assert_allclose(trajectory.at(trajectory.duration + 1), trajectory.end)
    np.testing.assert_allclose(trajectory.at(float(trajectory.times[5])), trajectory.positions[5])


class _Asked:
    """A finder that notes which modules are looked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name, path=None, target=None):
        self.names.append(name)


def test_solvers_are_looked_for_once(limits, monkeypatch):
    time_path(NAMES, zigzag(0), limits)
    asked = _Asked()
    monkeypatch.setattr(sys, "meta_path", [asked, *sys.meta_path])
    time_path(NAMES, zigzag(1), limits)
    assert not asked.names


def lift(robot) -> np.ndarray:
    """Joint positions (N, 7) of 18 cm straight up from over a table."""
    from dense_grasp_core.motion.cartesian import straight_line
    from dense_grasp_core.motion.inverse_kinematics import InverseKinematics

    low = np.diag([1.0, -1.0, -1.0, 1.0])
    low[:3, 3] = 0.5, 0.1, 0.1
    high = low.copy()
    high[2, 3] += 0.18
    kinematics = InverseKinematics(robot)
    return straight_line(kinematics, next(kinematics.solutions(low, START)), high)


@pytest.mark.parametrize("speed", [0.05, 0.15, 0.5])
def test_a_slow_tool_goes_at_its_speed_and_not_only_up_to_it(robot, limits, speed):
    """Failed before: the whole way was stretched until its fastest part kept the speed, nearly twice as long."""
    timing = PathTiming(robot.joint_names, limits, robot.tcp_pose)
    trajectory = timing.timed(lift(robot), speed, reversible=True)
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(trajectory.times)
    assert speeds.max() <= speed * (1.0 + 1e-9)
    assert excess(trajectory, limits) <= 1.0 + 1e-9
    free = time_path(robot.joint_names, lift(robot), limits, reversible=True)
    assert trajectory.duration < 1.05 * max(free.duration, 0.18 / speed + 0.4)
    if speed == 0.05:
        assert np.median(speeds) > 0.9 * speed


@pytest.mark.parametrize("seed", range(10))
def test_with_a_tool_speed_crooked_ways_keep_all_limits(robot, limits, seed):
    timing = PathTiming(robot.joint_names, limits, robot.tcp_pose)
    trajectory = timing.timed(zigzag(seed), 0.5)
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(trajectory.times)
    assert speeds.max() <= 0.5 * (1.0 + 1e-9) and excess(trajectory, limits) <= 1.0 + 1e-9
