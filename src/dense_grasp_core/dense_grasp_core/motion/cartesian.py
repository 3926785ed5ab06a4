"""Straight lines of the tool centre point, by inverse kinematics step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_core.motion.collision import CollisionQueries
from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.motion.inverse_kinematics import Kinematics, interpolate_poses
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
#: Whether a pair (link, link or obstacle) may touch.
MayTouch = Callable[[tuple[str, str]], bool]


def nothing(pair: tuple[str, str]) -> bool:
    """No pair may touch."""
    return False


def straight_line(
    kinematics: Kinematics,
    start: Array,
    base_from_goal: Array,
    checker: CollisionQueries | None = None,
    *,
    step: float = 0.005,
    angle_step: float = 0.03,
    max_joint_step: float = 0.15,
    may_touch: MayTouch = nothing,
) -> Array:
    """Joint path (N, 7) from `start` (7,) whose tool centre point goes straight to the pose (4, 4).

    step m and angle_step rad between the points; a joint that moves more than max_joint_step rad
    between two of them is a jump to another branch. With a checker every point but the first is collision-free;
    what `may_touch` names may.
    Raises PlanError UNREACHABLE, GOAL_IN_COLLISION.
    """
    base_from_start = kinematics.robot.tcp_pose(start)
    length = float(np.linalg.norm(base_from_goal[:3, 3] - base_from_start[:3, 3]))
    angle = rotation_angle(inverse(base_from_start) @ base_from_goal)
    count = max(2, int(np.ceil(max(length / step, angle / angle_step))))
    path = [np.asarray(start, dtype=float)]
    for i in range(1, count + 1):
        done = f"{1000 * length * i / count:.0f} of {1000 * length:.0f} mm"
        pose = interpolate_poses(base_from_start, base_from_goal, i / count)
        q = kinematics.solve(pose, path[-1])
        if q is None:
            raise PlanError(GraspCode.UNREACHABLE, f"straight line: no inverse kinematics after {done}")
        jump = float(np.max(np.abs(q - path[-1])))
        if jump > max_joint_step:
            raise PlanError(
                GraspCode.UNREACHABLE,
                f"straight line: a joint jumps by {jump:.2f} rad after {done}, at most {max_joint_step} is allowed",
            )
        if checker is not None and not checker.free(q):
            contacts = [pair for pair in checker.contacts(q) if not may_touch(pair)]
            if contacts:
                raise PlanError(GraspCode.GOAL_IN_COLLISION, f"straight line: {describe(contacts)} after {done}")
        path.append(q)
    return np.array(path)


def describe(contacts: list[tuple[str, str]]) -> str:
    """Contacts as words, at most three of them."""
    if not contacts:
        return "no contact"
    words = [f"{a} touches {b}" for a, b in contacts[:3]]
    return ", ".join(words) + (f" and {len(contacts) - 3} more" if len(contacts) > 3 else "")
