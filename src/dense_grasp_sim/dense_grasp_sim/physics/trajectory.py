"""Joint trajectories as piecewise polynomials, interpolated as joint_trajectory_controller does it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class TrajectoryError(DenseGraspError):
    """A joint trajectory is malformed."""


@dataclass(frozen=True)
class JointState:
    """Positions, velocities, accelerations of the arm's joints, (J,) each; rad, rad/s, rad/s2."""

    positions: Array
    velocities: Array
    accelerations: Array


class JointSpline:
    """Polynomial through the points of a trajectory: linear, cubic or quintic by what the points carry.

    times (N,) seconds, strictly increasing, from 0; positions (N, J); velocities and accelerations (N, J) or None.
    """

    def __init__(
        self,
        times: ArrayLike,
        positions: ArrayLike,
        velocities: ArrayLike | None = None,
        accelerations: ArrayLike | None = None,
    ) -> None:
        self._times = np.asarray(times, dtype=float)
        p = _table(positions, "positions", self._times)
        v = None if velocities is None else _table(velocities, "velocities", self._times, p.shape)
        a = None if accelerations is None or v is None else _table(accelerations, "accelerations", self._times, p.shape)
        if (np.diff(self._times) <= 0).any():
            raise TrajectoryError("trajectory times are not strictly increasing")
        self._coefficients = _coefficients(np.diff(self._times), p, v, a)
        self._last = JointState(p[-1], np.zeros_like(p[-1]), np.zeros_like(p[-1]))

    @property
    def duration(self) -> float:
        """Time of the last point, s."""
        return float(self._times[-1])

    @property
    def end(self) -> Array:
        """Last position (J,)."""
        return self._last.positions

    def sample(self, time: float) -> JointState:
        """State at `time` seconds; at rest in the last point afterwards."""
        if time >= self._times[-1]:
            return self._last
        index = max(0, int(np.searchsorted(self._times, time, side="right")) - 1)
        t = max(0.0, time - self._times[index])
        c = self._coefficients[index]
        powers = np.array([1.0, t, t**2, t**3, t**4, t**5])
        first = np.array([0.0, 1.0, 2 * t, 3 * t**2, 4 * t**3, 5 * t**4])
        second = np.array([0.0, 0.0, 2.0, 6 * t, 12 * t**2, 20 * t**3])
        return JointState(powers @ c, first @ c, second @ c)


def stopping_spline(state: JointState, duration: float = 0.08) -> JointSpline:
    """Smooth stop from `state` within `duration` seconds."""
    end = state.positions + 0.5 * duration * state.velocities
    return JointSpline([0.0, duration], [state.positions, end], [state.velocities, np.zeros_like(end)])


def _table(values: ArrayLike, name: str, times: Array, shape: tuple[int, ...] | None = None) -> Array:
    table = np.asarray(values, dtype=float)
    fits = times.ndim == 1 and len(times) > 0 and table.ndim == 2 and len(table) == len(times)
    if not fits or (shape is not None and table.shape != shape):
        raise TrajectoryError(f"trajectory {name} have shape {table.shape}, expected {shape or (len(times), 'J')}")
    if not np.isfinite(table).all() or not np.isfinite(times).all():
        raise TrajectoryError(f"trajectory {name} or times are not finite")
    return table


def _coefficients(h: Array, p: Array, v: Array | None, a: Array | None) -> Array:
    """(N-1, 6, J) coefficients of t**0 .. t**5 of every segment."""
    c = np.zeros((len(h), 6, p.shape[1]))
    step = h[:, None]
    delta = np.diff(p, axis=0)
    c[:, 0] = p[:-1]
    if v is None:
        c[:, 1] = delta / step
    elif a is None:
        c[:, 1] = v[:-1]
        c[:, 2] = 3 * delta / step**2 - (2 * v[:-1] + v[1:]) / step
        c[:, 3] = -2 * delta / step**3 + (v[:-1] + v[1:]) / step**2
    else:
        c[:, 1] = v[:-1]
        c[:, 2] = a[:-1] / 2
        c[:, 3] = (20 * delta - (8 * v[1:] + 12 * v[:-1]) * step - (3 * a[:-1] - a[1:]) * step**2) / (2 * step**3)
        c[:, 4] = (-30 * delta + (14 * v[1:] + 16 * v[:-1]) * step + (3 * a[:-1] - 2 * a[1:]) * step**2) / (2 * step**4)
        c[:, 5] = (12 * delta - 6 * (v[1:] + v[:-1]) * step + (a[1:] - a[:-1]) * step**2) / (2 * step**5)
    return c
