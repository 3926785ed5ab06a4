"""Times along a joint path: the fastest that velocity and acceleration limits allow (TOPPRA)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.collision import densify
from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.toppra_alone import algorithm, constraint, toppra
from dense_grasp_core.motion.velocity_limits import TOLERANCE as NEAR_TOLERANCE
from dense_grasp_core.motion.velocity_limits import PositionBasedVelocityLimits
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
logging.getLogger("toppra").setLevel(logging.ERROR)
# For each path toppra tries to import every solver that it knows, the one that it takes is always there. An import that
# fails searches the whole of PYTHONPATH, long with ROS: a sixth of the time that a pick took to plan.
toppra.solverwrapper.available_solvers = functools.cache(toppra.solverwrapper.available_solvers)
#: Radians between the points that the spline is laid through.
SPACING = 0.08


class LimitError(DenseGraspError):
    """A speed or acceleration limit that is not a positive number of the right count."""


@dataclass(frozen=True)
class MotionLimits:
    """Joint limits after scaling, `velocity` rad/s and `acceleration` rad/s^2, both (7,).

    near_ends: what the velocities are besides near the ends of the joints, unscaled; None: nothing.
    """

    velocity: Array
    acceleration: Array
    near_ends: PositionBasedVelocityLimits | None = None

    def __post_init__(self) -> None:
        for name, value in (("velocity", self.velocity), ("acceleration", self.acceleration)):
            if np.ndim(value) != 1 or not np.isfinite(value).all() or (np.asarray(value) <= 0).any():
                raise LimitError(f"{name} limits are {value}, expected positive finite numbers, one for each joint")
        if len(self.velocity) != len(self.acceleration):
            raise LimitError(f"{len(self.velocity)} velocity limits but {len(self.acceleration)} acceleration limits")

    @classmethod
    def scaled(
        cls,
        velocity: Array,
        acceleration: Array,
        velocity_scaling: float,
        acceleration_scaling: float,
        near_ends: PositionBasedVelocityLimits | None = None,
    ) -> MotionLimits:
        """The robot's limits (7,) times factors in 0..1. Raises LimitError for factors outside."""
        for name, factor in (("velocity", velocity_scaling), ("acceleration", acceleration_scaling)):
            if not 0.0 < factor <= 1.0:
                raise LimitError(f"{name} scaling is {factor}, expected above 0 and at most 1")
        return cls(np.asarray(velocity) * velocity_scaling, np.asarray(acceleration) * acceleration_scaling, near_ends)

    def range_at(self, positions: Array) -> tuple[Array, Array]:
        """Lowest and highest velocity (N, J) rad/s at positions (N, J), libfranka's own tolerance kept."""
        low, high = -np.broadcast_to(self.velocity, positions.shape), np.broadcast_to(self.velocity, positions.shape)
        if self.near_ends is None:
            return low, high
        keep = NEAR_TOLERANCE
        return (
            np.maximum(low, np.minimum(self.near_ends.lowest(positions) + keep, -keep)),
            np.minimum(high, np.maximum(self.near_ends.highest(positions) - keep, keep)),
        )


@dataclass(frozen=True)
class ToolSpeed:
    """The tool centre point is to go at most `limit` m/s. tcp_pose: base_from_tcp (4, 4) at joint positions (J,)."""

    tcp_pose: Callable[[Array], Array]
    limit: float

    def along(self, curve: toppra.SplineInterpolator, grid: Array) -> Array:
        """The highest speed along the curve (N,), rad/s of its length, at the points of the grid (N,)."""
        points = np.array([self.tcp_pose(q)[:3, 3] for q in curve(grid)])
        per_length = np.linalg.norm(np.gradient(points, grid, axis=0), axis=1)
        return self.limit / np.maximum(per_length, 1e-6)


@dataclass(frozen=True)
class PathTiming:
    """Times paths of one arm. tcp_pose: base_from_tcp (4, 4) at joint positions (J,); period: s between points."""

    joint_names: tuple[str, ...]
    limits: MotionLimits
    tcp_pose: Callable[[Array], Array]
    period: float = 0.02

    def timed(self, path: Array, tcp_speed: float, spacing: float = SPACING, reversible: bool = False) -> Trajectory:
        """The path (N, J) timed within joint limits and a speed limit, m/s, of the tool centre point.

        spacing, reversible: as in time_path. Raises PlanError PLANNING_FAILED.
        """
        tool_speed = ToolSpeed(self.tcp_pose, tcp_speed)
        trajectory = time_path(self.joint_names, path, self.limits, self.period, spacing, reversible, tool_speed)
        return with_tool_speed(trajectory, self.tcp_pose, tcp_speed)


def time_path(
    names: tuple[str, ...],
    path: Array,
    limits: MotionLimits,
    period: float = 0.02,
    spacing: float = SPACING,
    reversible: bool = False,
    tool_speed: ToolSpeed | None = None,
) -> Trajectory:
    """A trajectory with a point every `period` s along the polyline (N, J), at rest at both ends.

    reversible: played backwards it keeps the limits, too. Away from its end a joint may go faster than towards it.
    tool_speed: is kept at the grid points of the parameterisation, so between them about.
    The spline through the path leaves it a little at corners, less with a smaller `spacing` (rad): check the result.
    Raises PlanError PLANNING_FAILED when no parameterisation is found.
    """
    waypoints = _spread(path, spacing)
    if len(waypoints) < 2:
        return standstill(names, np.asarray(path, dtype=float)[-1])
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(waypoints, axis=0), axis=1))])
    curve = toppra.SplineInterpolator(lengths, waypoints)
    grid = np.linspace(0.0, lengths[-1], int(np.clip(2 * len(waypoints), 40, 200)))
    constraints = [
        _velocity_constraint(curve, grid, limits, reversible, tool_speed),
        constraint.JointAccelerationConstraint(
            np.stack([-limits.acceleration, limits.acceleration], axis=1),
            discretization_scheme=constraint.DiscretizationType.Interpolation,
        ),
    ]
    timed = algorithm.TOPPRA(constraints, curve, gridpoints=grid).compute_trajectory(0.0, 0.0)
    if timed is None:
        raise PlanError(GraspCode.PLANNING_FAILED, f"no timing for a path of {lengths[-1]:.2f} rad within the limits")
    duration = float(timed.duration)
    source = np.linspace(0.0, duration, max(2, int(np.ceil(duration / period)) + 1))
    velocities, accelerations = timed(source, 1), timed(source, 2)
    # Between its grid points the parameterisation may pass a limit by a little; slower evenly, it does not.
    stretch = max(
        1.0,
        float(np.max(np.abs(velocities) / limits.velocity)),
        float(np.sqrt(np.max(np.abs(accelerations) / limits.acceleration))),
    )
    positions = np.asarray(timed(source))
    positions[0], positions[-1] = path[0], path[-1]
    velocities = velocities / stretch
    velocities[0] = velocities[-1] = 0.0
    trajectory = Trajectory(names, source * stretch, positions, velocities)
    # Who follows the points, and the guard, see what changes from one to the next.
    return slow_down(trajectory, max(excess(trajectory, limits), near_excess(trajectory, limits, reversible)))


def _velocity_constraint(
    curve: toppra.SplineInterpolator,
    grid: Array,
    limits: MotionLimits,
    reversible: bool,
    tool_speed: ToolSpeed | None,
) -> constraint.Constraint:
    """Of the joints along the curve at the points of the grid; constant where none comes near its end and nothing is
    said of the tool.
    """
    low, high = limits.range_at(curve(grid))
    if reversible:
        high = np.minimum(high, -low)
        low = -high
    if tool_speed is not None:
        # Where the joint that moves most keeps a speed along the curve, all do.
        turns = np.abs(curve(grid, 1))
        rows, most = np.arange(len(grid)), turns.argmax(axis=1)
        bound = turns[rows, most] * tool_speed.along(curve, grid)
        low, high = low.copy(), high.copy()
        low[rows, most] = np.maximum(low[rows, most], -bound)
        high[rows, most] = np.minimum(high[rows, most], bound)
    table = np.stack([low, high], axis=2)
    if np.all(low <= -limits.velocity) and np.all(high >= limits.velocity):
        return constraint.JointVelocityConstraint(table[0])
    return constraint.JointVelocityConstraintVarying(lambda s: table[int(np.searchsorted(grid, s))])


def excess(trajectory: Trajectory, limits: MotionLimits) -> float:
    """How many times as long the trajectory has to take for its points to keep the limits; below 1 when they do.

    Counted are the velocities of the points, the way from one to the next, and the change of velocity between.
    """
    steps = np.diff(trajectory.times)[:, None]
    moved = np.diff(trajectory.positions, axis=0) / steps
    speed = max(float(np.max(np.abs(v) / limits.velocity)) for v in (trajectory.velocities, moved))
    gain = float(np.max(np.abs(np.diff(trajectory.velocities, axis=0)) / steps / limits.acceleration))
    return max(speed, float(np.sqrt(gain)))


def near_excess(trajectory: Trajectory, limits: MotionLimits, reversible: bool = False) -> float:
    """As excess(), of the limits near the ends of the joints; seen between the points, too. 0 without such limits."""
    if limits.near_ends is None:
        return 0.0
    _, positions, velocities = trajectory.between()
    share = float(np.max(limits.near_ends.share(positions, velocities, NEAR_TOLERANCE)))
    back = float(np.max(limits.near_ends.share(positions, -velocities, NEAR_TOLERANCE))) if reversible else 0.0
    return max(share, back)


def slow_down(trajectory: Trajectory, factor: float) -> Trajectory:
    """The same trajectory, `factor` >= 1 times as long."""
    factor = max(1.0, factor)
    return Trajectory(
        trajectory.joint_names, trajectory.times * factor, trajectory.positions, trajectory.velocities / factor
    )


def with_tool_speed(trajectory: Trajectory, tcp_pose: Callable[[Array], Array], speed: float) -> Trajectory:
    """The same trajectory, slowed down so that the tool centre point nowhere exceeds `speed` m/s.

    tcp_pose: base_from_tcp (4, 4) at joint positions (J,).
    """
    points = np.array([tcp_pose(q)[:3, 3] for q in trajectory.positions])
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(trajectory.times)
    return slow_down(trajectory, float(np.max(speeds)) / speed)


def standstill(names: tuple[str, ...], positions: Array) -> Trajectory:
    """A trajectory of two equal points 0.1 s apart."""
    two = np.stack([positions, positions])
    return Trajectory(names, np.array([0.0, 0.1]), two, np.zeros_like(two))


def _spread(path: Array, spacing: float) -> Array:
    """The polyline with points about evenly apart: near twins would make the spline swing."""
    dense = densify(path, spacing)
    kept = [dense[0]]
    for q in dense[1:-1]:
        if np.max(np.abs(q - kept[-1])) > 0.25 * spacing and np.max(np.abs(q - dense[-1])) > 0.25 * spacing:
            kept.append(q)
    if np.max(np.abs(dense[-1] - kept[-1])) > 1e-6:
        kept.append(dense[-1])
    return np.array(kept)
