"""Inverse kinematics by damped least squares from several seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pinocchio as pin

from dense_grasp_core.motion.robot import READY, RobotModel

Array = np.ndarray
_TOLERANCE = 1e-5
_EYE = np.eye(6)
#: A search that in so many steps has not brought its error below this share of what it was is given up.
_PATIENCE, _PROGRESS = 8, 0.9
#: z of the approach direction above which the hand counts as lying.
_LYING = -0.5
#: Where to start for a lying hand, joint 1 counted from the direction to the tool centre point: hand to the left and
#: to the right of the forearm, with the elbow above and beside it. Arms whose hand points down seldom lead there.
_LYING_SEEDS = (
    (-0.77, 0.50, -0.07, -2.48, 1.28, 1.32, 2.42),
    (0.79, 0.61, -0.07, -2.87, -1.97, 1.15, -0.43),
    (0.99, 1.44, -0.89, -1.13, -0.36, 1.08, 1.29),
    (-1.35, 1.51, 1.17, -1.54, 0.21, 1.65, 0.46),
)


class Kinematics(Protocol):
    """Joint positions that bring the tool centre point to a pose, within the joint limits of its robot."""

    @property
    def robot(self) -> RobotModel:
        """The arm."""

    def solve(self, base_from_tcp: Array, seed: Array) -> Array | None:
        """Positions (7,) near `seed` (7,) that bring the tool centre point to the pose (4, 4); None: none found."""

    def solutions(self, base_from_tcp: Array, reference: Array, attempts: int = 8) -> Iterator[Array]:
        """At most `attempts` different solutions (7,) as they are found, those near `reference` (7,) first; the same
        question has the same answer.
        """


class InverseKinematics:
    """Kinematics by damped least squares from several seeds. For one thread at a time."""

    def __init__(self, robot: RobotModel, limit_margin: float = 0.02, max_iterations: int = 60):
        self.robot = robot
        self._low = robot.lower + limit_margin
        self._high = robot.upper - limit_margin
        self._max_iterations = max_iterations

    def solve(self, base_from_tcp: Array, seed: Array) -> Array | None:
        """Positions (7,) reached from `seed` (7,), within 1e-5 m and rad of the pose (4, 4), or None."""
        goal = self.robot.root_pose(base_from_tcp)
        q = np.clip(np.asarray(seed, dtype=float), self._low, self._high)
        error, jacobian = self.robot.error_and_jacobian(q, goal)
        before = np.inf
        for iteration in range(self._max_iterations):
            if np.max(np.abs(error)) < _TOLERANCE:
                return q
            if iteration % _PATIENCE == 0:
                now = float(error @ error)
                if now > _PROGRESS**2 * before:
                    return None
                before = now
            q = np.clip(q + self._step(error, jacobian, q), self._low, self._high)
            error, jacobian = self.robot.error_and_jacobian(q, goal)
        return q if np.max(np.abs(error)) < _TOLERANCE else None

    def solutions(self, base_from_tcp: Array, reference: Array, attempts: int = 8) -> Iterator[Array]:
        """Different solutions (7,) as they are found, those from seeds near `reference` (7,) first."""
        found: list[Array] = []
        for _, seed in zip(range(attempts), self._seeds(base_from_tcp, reference), strict=False):
            q = self.solve(base_from_tcp, seed)
            if q is not None and all(np.max(np.abs(q - other)) > 0.05 for other in found):
                found.append(q)
                yield q

    def _step(self, error: Array, jacobian: Array, q: Array) -> Array:
        # Damping falls with the error: safe near singularities, quadratic at the end.
        damping = 1e-6 + 1e-2 * min(1.0, float(error @ error))
        # A joint pressed against its limit takes no part, else the others would wait for it.
        step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping * _EYE, error)
        blocked = ((q <= self._low) & (step < 0)) | ((q >= self._high) & (step > 0))
        if blocked.any():
            reduced = jacobian.copy()
            reduced[:, blocked] = 0.0
            step = reduced.T @ np.linalg.solve(reduced @ reduced.T + damping * _EYE, error)
        return step * min(1.0, 0.5 / max(1e-9, float(np.max(np.abs(step)))))

    def _seeds(self, base_from_tcp: Array, reference: Array) -> Iterator[Array]:
        yield np.asarray(reference, dtype=float)
        towards = float(np.arctan2(base_from_tcp[1, 3], base_from_tcp[0, 3]))
        yield from _lying_seeds(towards) if base_from_tcp[2, 2] > _LYING else _hanging_seeds(towards, base_from_tcp)
        generator = np.random.default_rng(7)
        while True:
            yield generator.uniform(self._low, self._high)


def _lying_seeds(towards: float) -> Iterator[Array]:
    for joints in _LYING_SEEDS:
        yield np.array(joints) + np.array([towards, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def _hanging_seeds(towards: float, base_from_tcp: Array) -> Iterator[Array]:
    ready = READY.copy()
    ready[0] = towards
    # With the hand pointing down joint 7 alone turns it: start where its yaw is about right.
    yaw = np.arctan2(base_from_tcp[1, 0], base_from_tcp[0, 0])
    ready[6] = _wrap(np.pi / 4 + ready[0] - yaw)
    yield ready
    for turn in (-0.5, 0.5):
        bent = ready.copy()
        bent[2] += turn
        yield bent


def _wrap(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def interpolate_poses(start: Array, goal: Array, fraction: float) -> Array:
    """Pose (4, 4) on the straight line between two, the rotation turning evenly about one axis."""
    a, b = pin.SE3(np.asarray(start, dtype=float)), pin.SE3(np.asarray(goal, dtype=float))
    rotation = a.rotation @ pin.exp3(fraction * pin.log3(a.rotation.T @ b.rotation))
    translation = (1 - fraction) * a.translation + fraction * b.translation
    return np.array(pin.SE3(rotation, translation).homogeneous)
