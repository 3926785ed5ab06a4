"""What is measured of inverse kinematics is measured right; frankik's part runs where it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_bench.bench_ik import alone, done_line, main, solved_line
from dense_grasp_bench.kinematics.compare import LINE, follow_line, pick_planner, plan_one, solve_pose
from dense_grasp_bench.kinematics.poses import HIGH, KINDS, LOW, draw_pose
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import READY, RobotModel


@pytest.fixture(scope="module")
def robot():
    return RobotModel(primitive_arm_urdf(), "fr3")


@pytest.fixture(scope="module")
def numerical(robot):
    return InverseKinematics(robot)


@pytest.fixture
def analytical(robot):
    pytest.importorskip("frankik")
    from dense_grasp_bench.kinematics.analytical import AnalyticalKinematics

    return AnalyticalKinematics(robot)


def hanging(x: float, y: float, z: float) -> np.ndarray:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [x, y, z]
    return pose


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("hanging", -1.0, -1.0), ("tilted", -1.0, -0.5), ("level", 0.0, 0.0)]
)
def test_poses_lean_as_their_kind_says_and_are_those_of_their_seed(kind, low, high):
    poses, again = ([draw_pose(kind, g) for _ in range(50)] for g in (np.random.default_rng(3) for _ in range(2)))
    np.testing.assert_array_equal(poses, again)
    for pose in poses:
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert low - 1e-9 <= pose[2, 2] <= high + 1e-9
        assert (pose[:3, 3] >= LOW).all() and (pose[:3, 3] <= HIGH).all()
        assert kind != "level" or pose[0, 2] > 0.49  # away from the base
    assert kind in KINDS and len({round(float(pose[0, 0]), 6) for pose in poses}) == 50


def test_a_pose_counts_its_solutions_and_their_travel(robot, numerical):
    pose = robot.tcp_pose(READY)
    solved = solve_pose(numerical, pose)
    assert solved.count == len(list(numerical.solutions(pose, READY))) and solved.outside == 0
    assert solved.travel == pytest.approx(0.0, abs=1e-3) and solved.error_mm < 0.05 and solved.error_mrad < 0.05
    assert 0.0 < solved.first_ms <= solved.last_ms


def test_what_misses_the_pose_or_the_limits_is_said(robot, numerical):
    class Wrong:
        """A solver whose only answer is beside the pose and beyond a limit."""

        def __init__(self):
            self.robot = robot

        def solve(self, base_from_tcp, seed):
            return None

        def solutions(self, base_from_tcp, reference, attempts=8):
            q = next(numerical.solutions(base_from_tcp, reference)).copy()
            q[6] = robot.upper[6] + 0.1
            yield q

    solved = solve_pose(Wrong(), robot.tcp_pose(READY))
    assert solved.outside == 1 and solved.error_mrad > 100.0
    assert "1 outside the limits" in solved_line([solved])


def test_lines_and_picks_are_done_where_they_can_be(robot, numerical):
    line = follow_line(numerical, hanging(0.5, 0.1, 0.2))
    assert line.well and line.travel > 0.1
    assert not follow_line(numerical, hanging(1.2, 0.0, 0.2)).well
    above = hanging(0.5, 0.1, 0.2)
    above[2, 3] += LINE
    assert solve_pose(numerical, above).travel <= line.travel + 1e-9
    planner = pick_planner(robot, numerical)
    assert plan_one(planner, hanging(0.5, 0.1, 0.1)).well
    far = plan_one(planner, hanging(1.2, 0.0, 0.1))
    assert not far.well and done_line([far, far]) == "0 of 2"


def test_who_alone_has_it():
    assert alone([True, True, False, False], [True, False, True, True]) == (1, 2)


def test_without_frankik_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "frankik", None)
    assert main(["--poses", "1", "--picks", "1"]) == 1
    assert "pip install frankik" in capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
def test_its_solutions_reach_the_pose_within_the_limits_the_nearest_first(robot, analytical, kind):
    generator = np.random.default_rng(5)
    for pose in (draw_pose(kind, generator) for _ in range(10)):
        found = list(analytical.solutions(pose, READY))
        for q in found:
            assert robot.within_limits(q, 0.02)
            np.testing.assert_allclose(robot.tcp_pose(q), pose, atol=1e-5)
        travels = [np.max(np.abs(q - READY)) for q in found]
        assert travels == sorted(travels) and len(found) <= 8
        if found:
            near = analytical.solve(pose, found[0] + 0.01)
            assert near is None or near[6] == pytest.approx(found[0][6] + 0.01)


def test_both_are_printed_beside_each_other(analytical, capsys):
    assert main(["--poses", "3", "--picks", "1", "--seed", "2"]) == 0
    printed = capsys.readouterr().out
    assert f"frankik {analytical.version}" in printed
    for row in ("hanging: poses", "level: lines of 10 cm", "picks"):
        assert sum(line.startswith(row) for line in printed.splitlines()) == 2
