"""Joint positions that bring the tool to one of several poses, for many such places at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.collision import CollisionQueries
from dense_grasp_core.motion.interfaces import StopCheck
from dense_grasp_core.motion.inverse_kinematics import Kinematics

Array = np.ndarray
#: Seeds of one pose, after those of places that were solved before.
_ATTEMPTS = 2
#: Places solved before whose joint positions are tried first: the nearest by where the tool is.
_NEIGHBOURS = 2


def find_joint_positions(
    kinematics: Kinematics,
    checker: CollisionQueries,
    places: Sequence[Sequence[Array]],
    start: Array,
    stop: StopCheck | None = None,
) -> list[Array | None]:
    """For each place joint positions (7,) in which the arm is free and that bring the tool centre point to one of its
    poses base_from_tcp (4, 4); None where there are none.

    A place whose neighbour was solved is tried from there first, so both are reached alike; among equally turned
    poses the first is preferred. Raises Canceled.
    """
    found: list[Array | None] = []
    solved: list[tuple[Array, Array]] = []
    for poses in places:
        if stop is not None and stop():
            raise Canceled("planning was canceled")
        where = np.mean([pose[:3, 3] for pose in poses], axis=0)
        order = np.argsort([np.linalg.norm(where - other) for other, _ in solved])[:_NEIGHBOURS]
        seeds = [solved[i][1] for i in order] or [np.asarray(start, dtype=float)]
        positions = _from_neighbours(kinematics, checker, poses, seeds)
        if positions is None:
            positions = _from_anywhere(kinematics, checker, poses, start)
        found.append(positions)
        if positions is not None:
            solved.append((where, positions))
    return found


def _from_neighbours(
    kinematics: Kinematics, checker: CollisionQueries, poses: Sequence[Array], seeds: Sequence[Array]
) -> Array | None:
    """From each of the seeds (7,), first to the poses that the hand turns least for."""
    for seed in seeds:
        rotation = kinematics.robot.tcp_pose(seed)[:3, :3]
        for pose in sorted(poses, key=lambda pose: -float(np.sum(pose[:3, :3] * rotation))):
            q = kinematics.solve(pose, seed)
            if q is not None and checker.free(q):
                return q
    return None


def _from_anywhere(
    kinematics: Kinematics, checker: CollisionQueries, poses: Sequence[Array], start: Array
) -> Array | None:
    for pose in poses:
        for q in kinematics.solutions(pose, start, _ATTEMPTS):
            if checker.free(q):
                return q
    return None
