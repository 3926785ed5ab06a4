"""MoveIt's trajectory made to keep our limits: the same path, evenly slower where it must be."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.timing import SPACING, PathTiming, excess, near_excess, slow_down
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.planning.moveit.interface import PathAnswer

Array = np.ndarray
#: rad by which the ends of an answer may miss what was asked.
END_TOLERANCE = 2e-3
#: s; a point that comes sooner after the one before it is left out.
SHORTEST = 1e-3
#: rad between the points of a path that gets our times; the spline through them stays near the path that was checked.
FINE = SPACING / 4


def retimed(
    who: str, answer: PathAnswer, timing: PathTiming, tcp_speed: float, start: Array, goal: Array
) -> Trajectory:
    """The answer as a trajectory from `start` to `goal` (J,) that the guard lets pass; tcp_speed: m/s at most.

    Even slowing down leaves the path as it was checked. A path without times, or that is too fast near the end of a
    joint, gets our times.
    Raises PlanError PLANNER_UNAVAILABLE for missing joints, PLANNING_FAILED for wrong ends or numbers.
    """
    times, positions, velocities = _columns(who, answer, timing.joint_names)
    for name, point, asked in (("starts", positions[0], start), ("ends", positions[-1], goal)):
        apart = np.abs(point - asked)
        worst = int(np.argmax(apart))
        if apart[worst] > END_TOLERANCE:
            raise PlanError(
                GraspCode.PLANNING_FAILED,
                f"the path that {who} gave {name} with {timing.joint_names[worst]} at {point[worst]:.4f} rad, "
                f"expected {asked[worst]:.4f}",
            )
    positions = positions.copy()
    positions[0], positions[-1] = start, goal
    if velocities is None or np.any(np.diff(times) <= 0.0):
        return timing.timed(positions, tcp_speed)
    times, positions, velocities = _thinned(times, positions, velocities)
    trajectory = Trajectory(timing.joint_names, times, positions, velocities)
    points = np.array([timing.tcp_pose(q)[:3, 3] for q in positions])
    tool = np.max(np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(times)) / tcp_speed
    evenly = max(1.0, excess(trajectory, timing.limits), float(tool))
    if near_excess(trajectory, timing.limits) > evenly:
        # MoveIt knows constant limits. Slowed down evenly, the whole way would creep as the last of it has to.
        return timing.timed(positions, tcp_speed, FINE)
    return slow_down(trajectory, evenly)


def _columns(who: str, answer: PathAnswer, names: tuple[str, ...]) -> tuple[Array, Array, Array | None]:
    """Times (N,) from 0, positions and velocities (N, J) in the order of our joints; no velocities: None."""
    missing = [name for name in names if name not in answer.joint_names]
    if missing:
        raise PlanError(
            GraspCode.PLANNER_UNAVAILABLE,
            f"{who} gave a path of {', '.join(answer.joint_names) or 'no joint'}, expected {', '.join(names)}",
        )
    columns = [answer.joint_names.index(name) for name in names]
    shape = (len(answer.times), len(answer.joint_names))
    if len(answer.times) < 1 or answer.positions.shape != shape or not np.isfinite(answer.positions).all():
        raise PlanError(
            GraspCode.PLANNING_FAILED,
            f"{who} gave {len(answer.times)} times with positions {answer.positions.shape}, expected finite {shape}",
        )
    velocities = None
    if answer.velocities.shape == shape and np.isfinite(answer.velocities).all() and len(answer.times) > 1:
        velocities = answer.velocities[:, columns]
    return answer.times - answer.times[0], answer.positions[:, columns], velocities


def _thinned(times: Array, positions: Array, velocities: Array) -> tuple[Array, Array, Array]:
    """Without points that follow too soon; the last one stays, the one before it goes instead."""
    kept = [0]
    for index in range(1, len(times) - 1):
        if times[index] - times[kept[-1]] >= SHORTEST and times[-1] - times[index] >= SHORTEST:
            kept.append(index)
    kept.append(len(times) - 1)
    return times[kept], positions[kept], velocities[kept]
