"""What a trajectory controller does with a goal before it moves: checks, points in the controller's order, tolerances.

Semantics of ROS 2's joint_trajectory_controller. Nothing of ROS is imported: the functions read the fields of
trajectory_msgs/JointTrajectory and control_msgs/FollowJointTrajectory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.trajectory_check import START_TOLERANCE

Array = NDArray[np.float64]


class TrajectoryGoalError(DenseGraspError):
    """A trajectory that does not begin where the arm is."""


@dataclass(frozen=True)
class Tolerances:
    """Allowed deviation from the trajectory: (7,) rad while moving and at the end, s to settle; inf = no limit."""

    path: Array
    goal: Array
    goal_time: float = 1.0

    @classmethod
    def default(cls) -> Tolerances:
        """0.1 rad while moving, 0.01 rad within a second of the last point."""
        return cls(np.full(7, 0.1), np.full(7, 0.01))


class Points(NamedTuple):
    """times (N,) s from 0; positions, velocities, accelerations (N, 7) rad, rad/s, rad/s2, None where not given."""

    times: Array
    positions: Array
    velocities: Array | None
    accelerations: Array | None


def seconds_of(duration: Any) -> float:
    """Seconds of a builtin_interfaces Duration or Time."""
    return float(duration.sec) + 1e-9 * float(duration.nanosec)


def why_rejected(trajectory: Any, joints: Sequence[str], limits: Array) -> str:
    """What is wrong with a trajectory for `joints` with `limits` (7, 2) rad; empty when it can be executed."""
    if sorted(trajectory.joint_names) != sorted(joints):
        return f"joint names are {list(trajectory.joint_names)}, expected {list(joints)}"
    if not trajectory.points:
        return "the trajectory has no points"
    order = [trajectory.joint_names.index(name) for name in joints]
    last = -1.0
    for index, point in enumerate(trajectory.points):
        time_from_start = seconds_of(point.time_from_start)
        if time_from_start < 0.0 or time_from_start <= last:
            return f"point {index} is at {time_from_start:.4f} s, expected later than {max(last, 0.0):.4f} s"
        last = time_from_start
        for field in ("positions", "velocities", "accelerations"):
            values = getattr(point, field)
            if len(values) != len(joints) and (field == "positions" or len(values)):
                return f"point {index} has {len(values)} {field}, expected {len(joints)}"
            if not np.isfinite(values).all():
                return f"{field} of point {index} are {list(values)}, expected finite numbers"
        for name, value, (low, high) in zip(joints, np.asarray(point.positions)[order], limits):
            if not low - 1e-6 <= value <= high + 1e-6:
                return f"{name} of point {index} is {value:.4f} rad, expected {low:.4f} to {high:.4f}"
    final = trajectory.points[-1].velocities
    if len(final) and np.abs(final).max() > 1e-3:
        return f"velocities of the last point are {list(final)}, expected 0"
    return ""


def points_of(trajectory: Any, joints: Sequence[str], position: Array, velocity: Array) -> Points:
    """Points of a checked trajectory in the order of `joints`.

    They begin with the arm's `position`, `velocity` (7,) unless the trajectory has a point at time 0.
    Raises TrajectoryGoalError when that point is too far from `position`.
    """
    order = [list(trajectory.joint_names).index(name) for name in joints]
    points = trajectory.points
    times = np.array([seconds_of(point.time_from_start) for point in points])
    positions = np.array([point.positions for point in points])[:, order]
    velocities = accelerations = None
    if all(len(point.velocities) for point in points):
        velocities = np.array([point.velocities for point in points])[:, order]
        if all(len(point.accelerations) for point in points):
            accelerations = np.array([point.accelerations for point in points])[:, order]
    if times[0] > 0.0:
        times = np.concatenate([[0.0], times])
        positions = np.vstack([position, positions])
        if velocities is not None:
            velocities = np.vstack([velocity, velocities])
        if accelerations is not None:
            accelerations = np.vstack([np.zeros(len(joints)), accelerations])
    elif np.abs(positions[0] - position).max() > START_TOLERANCE:
        worst = int(np.argmax(np.abs(positions[0] - position)))
        raise TrajectoryGoalError(
            f"the trajectory starts with {joints[worst]} at {positions[0, worst]:.4f} rad, the arm is at "
            f"{position[worst]:.4f}, allowed {START_TOLERANCE} rad apart"
        )
    return Points(times, positions, velocities, accelerations)


def tolerances_of(goal: Any, joints: Sequence[str]) -> Tolerances:
    """Tolerances of a FollowJointTrajectory goal over the defaults; 0 keeps the default, -1 lifts the limit."""
    result = Tolerances.default()
    for limits, wanted in ((result.path, goal.path_tolerance), (result.goal, goal.goal_tolerance)):
        for tolerance in wanted:
            if tolerance.name in joints and tolerance.position != 0.0:
                limits[list(joints).index(tolerance.name)] = tolerance.position if tolerance.position > 0 else np.inf
    given = seconds_of(goal.goal_time_tolerance)
    return Tolerances(result.path, result.goal, given) if given > 0.0 else result
