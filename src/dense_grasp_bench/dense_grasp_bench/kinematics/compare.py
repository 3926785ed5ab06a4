"""What is measured of inverse kinematics: solutions of one pose, straight lines to it, whole picks."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_core.motion.cartesian import straight_line
from dense_grasp_core.motion.in_process_planner import in_process_parts
from dense_grasp_core.motion.interfaces import PickRequest, PlanError, WorldModel
from dense_grasp_core.motion.inverse_kinematics import Kinematics
from dense_grasp_core.motion.path_search import PathOptions
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.robot import READY, RobotModel
from dense_grasp_core.motion.timing import MotionLimits

Array = np.ndarray
#: m that the hand goes straight to the pose.
LINE = 0.10
#: Work and not time ends a search for a path, so that a pick has the same plan on every machine.
_SEARCH = PathOptions(allowed_time=600.0, allowed_checks=200_000, seed=1)
#: As in config/robot.yaml, scaled.
_ACCELERATION = np.array([3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0])


@dataclass(frozen=True)
class Solved:
    """Of one pose: ms of the processor until the first solution and until the last; how many there are; how far the
    worst misses the pose, mm and mrad; rad that the largest joint goes to the nearest; the ones outside the limits.
    """

    first_ms: float
    last_ms: float
    count: int
    error_mm: float = 0.0
    error_mrad: float = 0.0
    travel: float = np.nan
    outside: int = 0


@dataclass(frozen=True)
class Done:
    """Whether a line was followed or a pick planned, the processor's ms, and rad that the largest joint goes there."""

    well: bool
    ms: float
    travel: float = np.nan


def solve_pose(kinematics: Kinematics, base_from_tcp: Array) -> Solved:
    """Every solution of the pose (4, 4), from READY."""
    began = time.process_time()
    iterator = kinematics.solutions(base_from_tcp, READY)
    found = [q for q in [next(iterator, None)] if q is not None]
    first = time.process_time()
    found.extend(iterator)
    last = time.process_time()
    spent = 1000.0 * (first - began), 1000.0 * (last - began)
    if not found:
        return Solved(*spent, 0)
    robot = kinematics.robot
    missed = [inverse(base_from_tcp) @ robot.tcp_pose(q) for q in found]
    return Solved(
        *spent,
        len(found),
        1000.0 * max(float(np.linalg.norm(one[:3, 3])) for one in missed),
        1000.0 * max(rotation_angle(one) for one in missed),
        min(_travel(q) for q in found),
        sum(not robot.within_limits(q) for q in found),
    )


def follow_line(kinematics: Kinematics, base_from_tcp: Array) -> Done:
    """The last LINE m along the approach to the pose (4, 4), from the first solution there from which it goes."""
    began = time.process_time()
    before = base_from_tcp.copy()
    before[:3, 3] -= LINE * before[:3, 2]
    for q in kinematics.solutions(before, READY):
        try:
            straight_line(kinematics, q, base_from_tcp)
        except PlanError:
            continue
        return Done(True, 1000.0 * (time.process_time() - began), _travel(q))
    return Done(False, 1000.0 * (time.process_time() - began))


def pick_planner(robot: RobotModel, kinematics: Kinematics) -> PickPlanner:
    """The embedded planner over a table, with the limits of config/robot.yaml and this kinematics."""
    limits = MotionLimits.scaled(robot.velocity_limits, _ACCELERATION, 0.5, 0.9)
    return PickPlanner(replace(in_process_parts(robot, PlannerConfig(limits, path=_SEARCH)), kinematics=kinematics))


def plan_one(planner: PickPlanner, base_from_tcp: Array) -> Done:
    """A pick of the brim of a cup of 18 cm at the pose (4, 4) or at the same turned half round, from READY."""
    turned = base_from_tcp @ np.diag([-1.0, -1.0, 1.0, 1.0])
    world = WorldModel(_cup(base_from_tcp[:3, 3]), base_from_tcp[:3, 3])
    began = time.process_time()
    try:
        plan = planner.plan_pick(PickRequest(READY, [base_from_tcp, turned], world))
    except PlanError:
        return Done(False, 1000.0 * (time.process_time() - began))
    return Done(True, 1000.0 * (time.process_time() - began), _travel(plan.to_pre_grasp.end))


def _travel(positions: Array) -> float:
    return float(np.max(np.abs(positions - READY)))


def _cup(rim: Array) -> Array:
    """Points (N, 3) m of an upright ring whose edge is at `rim` (3,), from the table up."""
    angle, height = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 120), np.linspace(0.02, max(0.021, rim[2]), 20))
    flat = (rim[0] - 0.09 + 0.09 * np.cos(angle), rim[1] + 0.09 * np.sin(angle), height)
    return np.stack([part.ravel() for part in flat], axis=1)
