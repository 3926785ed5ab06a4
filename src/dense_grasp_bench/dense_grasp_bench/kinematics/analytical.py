"""Inverse kinematics in closed form by frankik, as a part of a planner; frankik is installed by nobody but its user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.motion.robot import READY, RobotModel

Array = np.ndarray
#: Angles of the last joint that are tried: it is free, the others follow from it.
ANGLES = 40
#: rad by which the largest joint of two solutions differs, so that a few of them are not all alike.
APART = 0.3
#: m and rad by which a solution may miss the pose in the robot description, as the numerical one.
TOLERANCE = 1e-5


class FrankikMissing(DenseGraspError):
    """frankik is not installed."""


class AnalyticalKinematics:
    """Kinematics by frankik (He and Liu 2021, "Analytical inverse kinematics for Franka Emika Panda").

    It knows the family's nominal geometry and joint ranges of its own: those that it has for the FR3 and for the Panda
    are both asked, and what this robot's limits do not allow is left out, with the margin that the numerical one
    keeps. Raises FrankikMissing.
    """

    def __init__(self, robot: RobotModel, limit_margin: float = 0.02):
        self.robot = robot
        self._solver = _frankik()
        self._low, self._high = robot.lower + limit_margin, robot.upper - limit_margin
        self._flange = f"{robot.name}_link8"
        self._tcp_from_flange = inverse(robot.tcp_pose(READY)) @ robot.frame_pose(READY, self._flange)
        self._angles = np.linspace(self._low[6], self._high[6], ANGLES)

    @property
    def version(self) -> str:
        """Of frankik."""
        return str(self._solver.__version__)

    def solve(self, base_from_tcp: Array, seed: Array) -> Array | None:
        """The solution (7,) nearest to `seed` (7,) that leaves the last joint where it is, or None."""
        seed = np.asarray(seed, dtype=float)
        return next(self._nearest(base_from_tcp, seed, (float(seed[6]),)), None)

    def solutions(self, base_from_tcp: Array, reference: Array, attempts: int = 8) -> Iterator[Array]:
        """At most `attempts` solutions (7,), at least APART from each other, the nearest to `reference` (7,) first."""
        reference = np.asarray(reference, dtype=float)
        given: list[Array] = []
        for q in self._nearest(base_from_tcp, reference, (float(reference[6]), *self._angles)):
            if all(np.max(np.abs(q - other)) > APART for other in given):
                given.append(q)
                yield q
                if len(given) == attempts:
                    return

    def _nearest(self, base_from_tcp: Array, reference: Array, angles: Sequence[float]) -> Iterator[Array]:
        """Every solution with the last joint at one of `angles` that this robot may take, the nearest first."""
        flange = np.ascontiguousarray(base_from_tcp @ self._tcp_from_flange)
        ask = self._solver.ik_full
        # Rows without a solution are NaN, and so within no limits.
        rows = np.concatenate([ask(flange, reference, angle, fr3) for angle in angles for fr3 in (True, False)])
        rows = rows[np.all((rows >= self._low) & (rows <= self._high), axis=1)]
        for index in np.argsort(np.max(np.abs(rows - reference), axis=1), kind="stable"):
            reached = self.robot.frame_pose(rows[index], self._flange)
            if np.abs(reached - flange).max() < TOLERANCE:
                yield rows[index]


def _frankik() -> Any:
    try:
        import frankik
    except ImportError as error:
        raise FrankikMissing(
            f"frankik cannot be imported ({error}); it is no part of the set-up: pip install frankik==1.0.1"
        ) from error
    return frankik
