"""The last look at a trajectory before it is sent: whoever planned it, it keeps the limits of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.motion.velocity_limits import PositionBasedVelocityLimits
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
#: Share by which a speed or acceleration may be over its limit: the points of a trajectory are samples of it.
SHARE = 0.05
POSITION_TOLERANCE = 1e-3  # rad
DISTANCE_TOLERANCE = 1e-3  # m
#: Share by which a speed may be over its limit near a joint's end: the robot stops there, so for rounding only.
NEAR_SHARE = 1e-3
START_TOLERANCE = 0.1  # rad between the arm and the first point


@dataclass(frozen=True)
class MotionBounds:
    """What every motion keeps. Joint positions `lower`, `upper` (J,) rad; `limits` after scaling.

    tcp_low, tcp_high: (3,) m, the box of the base frame that the tool centre point does not leave; its z includes
    the minimum height over the table. tcp_speed: m/s.
    """

    lower: Array
    upper: Array
    limits: MotionLimits
    tcp_low: Array
    tcp_high: Array
    tcp_speed: float


def check_trajectory(
    trajectory: Trajectory,
    bounds: MotionBounds,
    tcp_pose: Callable[[Array], Array],
    present: Array | None = None,
) -> None:
    """Returns when the trajectory keeps the bounds. `tcp_pose`: base_from_tcp (4, 4) at positions (J,).

    `present` (J,): where the arm is; the trajectory has to start there. An arm that is outside the joint limits or
    the box already may come back, but not go farther out.
    Raises PlanError PLANNING_FAILED that names joint or axis, time, value and limit.
    """
    times, positions, velocities = _arrays(trajectory)
    if present is not None:
        _check_start(trajectory.joint_names, positions[0], np.asarray(present, dtype=float))
    _check_inside("position", "rad", trajectory.joint_names, times, positions, bounds.lower, bounds.upper)
    # What the points say and what it takes to get from one to the next: a planner may leave the velocities at zero.
    steps = np.diff(times)[:, None]
    moved = np.diff(positions, axis=0) / steps
    for speeds in (velocities, moved):
        _check_size("velocity", "rad/s", trajectory.joint_names, times, speeds, bounds.limits.velocity)
    _check_near_ends(trajectory, bounds.limits.near_ends)
    gains = np.diff(velocities, axis=0) / steps
    _check_size("acceleration", "rad/s^2", trajectory.joint_names, times, gains, bounds.limits.acceleration)
    points = np.array([tcp_pose(q)[:3, 3] for q in positions])
    _check_inside("tool centre point", "m", ("x", "y", "z"), times, points, bounds.tcp_low, bounds.tcp_high)
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) / steps[:, 0]
    _check_size("speed", "m/s", ("the tool centre point",), times, speeds[:, None], np.array([bounds.tcp_speed]))


def _arrays(trajectory: Trajectory) -> tuple[Array, Array, Array]:
    times = np.asarray(trajectory.times, dtype=float)
    positions = np.asarray(trajectory.positions, dtype=float)
    velocities = np.asarray(trajectory.velocities, dtype=float)
    shape = (len(times), len(trajectory.joint_names))
    if len(times) < 2 or positions.shape != shape or velocities.shape != shape:
        raise _refused(
            f"{len(times)} times, positions {positions.shape} and velocities {velocities.shape}, expected at least "
            f"2 times and both {shape}"
        )
    for name, values in (("time", times), ("position", positions), ("velocity", velocities)):
        if not np.isfinite(values).all():
            raise _refused(f"a {name} is not finite")
    late = np.flatnonzero(np.diff(times) <= 0.0)
    if len(late) or times[0] < 0.0:
        index = int(late[0]) + 1 if len(late) else 0
        raise _refused(f"time {times[index]:.3f} s of point {index} does not come after the one before it")
    return times, positions, velocities


def _check_start(names: tuple[str, ...], first: Array, present: Array) -> None:
    apart = np.abs(first - present)
    worst = int(np.argmax(apart))
    if apart[worst] > START_TOLERANCE:
        raise _refused(
            f"it starts with {names[worst]} at {first[worst]:.4f} rad, the arm is at {present[worst]:.4f}, "
            f"allowed are {START_TOLERANCE} rad between"
        )


def _check_inside(
    what: str, unit: str, names: tuple[str, ...], times: Array, values: Array, low: Array, high: Array
) -> None:
    """Values (N, K) stay between (K,); one that starts outside must not get farther out."""
    outside = np.maximum(np.maximum(low - values, values - high), 0.0)
    allowed = np.minimum.accumulate(outside, axis=0)
    tolerance = POSITION_TOLERANCE if unit == "rad" else DISTANCE_TOLERANCE
    excess = outside - allowed - tolerance
    index = _worst(excess)
    if index is not None:
        row, column = index
        raise _refused(
            f"{what} {names[column]} is {values[row, column]:.4f} {unit} at {times[row]:.2f} s, expected "
            f"{low[column]:.4f} to {high[column]:.4f}"
        )


def _check_size(what: str, unit: str, names: tuple[str, ...], times: Array, values: Array, limit: Array) -> None:
    """Absolute values (N or N - 1, K) stay within `limit` (K,)."""
    index = _worst(np.abs(values) / limit - (1.0 + SHARE))
    if index is not None:
        row, column = index
        raise _refused(
            f"{what} of {names[column]} is {abs(values[row, column]):.3f} {unit} at {times[row]:.2f} s, expected at "
            f"most {limit[column]:.3f}"
        )


def _check_near_ends(trajectory: Trajectory, near_ends: PositionBasedVelocityLimits | None) -> None:
    """The velocities that the robot allows near the ends of its joints, on the cubics that a controller drives."""
    if near_ends is None:
        return
    times, positions, velocities = trajectory.between()
    index = _worst(near_ends.share(positions, velocities) - (1.0 + NEAR_SHARE))
    if index is not None:
        row, column = index
        q, v = positions[row], float(velocities[row, column])
        end = (near_ends.upper if v > 0.0 else near_ends.lower)[column]
        most = float((near_ends.highest(q) if v > 0.0 else -near_ends.lowest(q))[column])
        raise _refused(
            f"velocity of {trajectory.joint_names[column]} is {abs(v):.3f} rad/s at {times[row]:.2f} s, "
            f"{abs(end - q[column]):.4f} rad before the end of the joint, where the robot allows {most:.3f}"
        )


def _worst(excess: Array) -> tuple[int, int] | None:
    """Row and column of the largest excess, None when there is none."""
    row, column = np.unravel_index(int(np.argmax(excess)), excess.shape)
    return (int(row), int(column)) if excess[row, column] > 0.0 else None


def _refused(reason: str) -> PlanError:
    return PlanError(GraspCode.PLANNING_FAILED, f"the trajectory is refused: {reason}")
