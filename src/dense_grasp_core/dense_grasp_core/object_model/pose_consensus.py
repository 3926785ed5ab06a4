"""The pose that most matches agree on, near one that is assumed: RANSAC whose samples are solved all at once.

A sample of four matches is solved by Gauss-Newton steps from the assumed pose, which holds it where four matches say
little; the best samples' poses are then fitted to all that agree (Chum et al., "Locally optimized RANSAC", 2003), and
scored by truncated squares (Torr and Zisserman, "MLESAC", 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.look_at import LookAt

Array = NDArray[np.float64]
_SAMPLES = 64
_OF_SAMPLE = 4
_SAMPLE_STEPS = 3
_FITTED = 3
_FIT_STEPS = 4
_MATCH_NOISE_PX = 3.0
_TURN = 0.4  # rad, standard deviation of the assumed turn
_SHIFT = 0.3  # of the radius, standard deviation of the assumed place across the ray; twice that along it
_HOLDING = np.diag(1.0 / np.array([_SHIFT, _SHIFT, 2.0 * _SHIFT, _TURN, _TURN, _TURN]) ** 2)
_LEAST_INFORMATION = 1e-6 * np.eye(6)


@dataclass(frozen=True)
class Consensus:
    """virtual_from_object (4, 4), and which matches agree with it (n,)."""

    virtual_from_object: Array
    agree: NDArray[np.bool_]


def consensus(
    look: LookAt,
    points: Array,
    pixels: Array,
    virtual_from_object: Array,
    centre: Array,
    radius: float,
    within_px: float,
    seed: int = 0,
) -> Consensus:
    """The pose near virtual_from_object (4, 4) that projects the most points (n, 3), object's frame, within_px of their
    pixels (n, 2) of the look. centre (3,), radius: of the object's sphere. n is four or more. seed: of the samples.
    """
    problem = _Problem.of(look, points, pixels, virtual_from_object, centre, radius)
    rng = np.random.default_rng(seed)
    chosen = np.argpartition(rng.random((_SAMPLES, len(points))), _OF_SAMPLE, axis=1)[:, :_OF_SAMPLE]
    turns, shifts = np.repeat(np.eye(3)[None], _SAMPLES, 0), np.zeros((_SAMPLES, 3))
    held = np.zeros((_SAMPLES, 6))
    for _ in range(_SAMPLE_STEPS):
        turns, shifts, held = problem.step(turns, shifts, chosen, None, held)
    costs = problem.costs(turns, shifts, within_px)
    best = np.argsort(costs)[:_FITTED]
    sampled = turns, shifts = turns[best], shifts[best]
    everything = np.repeat(np.arange(len(points))[None], len(best), 0)
    for _ in range(_FIT_STEPS):
        weights = np.maximum(0.0, 1.0 - problem.squares(turns, shifts) / within_px**2 / 2.0)
        turns, shifts, _ = problem.step(turns, shifts, everything, weights, None)
    turns, shifts = np.concatenate([turns, sampled[0]]), np.concatenate([shifts, sampled[1]])
    best_fit = int(np.argmin(problem.costs(turns, shifts, within_px)))
    turn, shift = turns[best_fit], shifts[best_fit]
    agree = problem.squares(turn[None], shift[None])[0] < within_px**2
    pose = np.eye(4)
    pose[:3, :3] = turn @ virtual_from_object[:3, :3]
    pose[:3, 3] = turn @ (virtual_from_object[:3, 3] - problem.middle) + problem.middle + radius * shift
    return Consensus(pose, agree)


@dataclass(frozen=True)
class _Problem:
    """arms (n, 3): from the object's middle (3,) to the points, radii, in the assumed pose; pixels (n, 2): of matches
    from the look's middle, over its focal length. A pose is a turn of the arms and a shift of the middle, in radii.
    """

    arms: Array
    middle: Array
    pixels: Array
    focal: float
    radius: float

    @classmethod
    def of(
        cls, look: LookAt, points: Array, pixels: Array, virtual_from_object: Array, centre: Array, radius: float
    ) -> _Problem:
        turn, shift = virtual_from_object[:3, :3], virtual_from_object[:3, 3]
        plane = (pixels - (look.size - 1) / 2.0) / look.focal
        return cls((points - centre) @ turn.T / radius, turn @ centre + shift, plane, look.focal, radius)

    def squares(self, turns: Array, shifts: Array) -> Array:
        """Squared errors (b, n), px, of poses (b, 3, 3) and (b, 3)."""
        places = (turns.reshape(-1, 3) @ self.arms.T).reshape(-1, 3, len(self.arms))
        places += (self.middle / self.radius + shifts)[..., None]
        off = places[:, :2] / np.maximum(places[:, 2:], 0.1)
        off -= self.pixels.T
        off *= off
        return np.asarray((off[:, 0] + off[:, 1]) * self.focal**2)

    def costs(self, turns: Array, shifts: Array, within_px: float) -> Array:
        """Truncated squares (b,) of poses."""
        return np.asarray(np.minimum(self.squares(turns, shifts), within_px**2).sum(1))

    def step(
        self, turns: Array, shifts: Array, chosen: NDArray[np.int64], weights: Array | None, held: Array | None
    ) -> tuple[Array, Array, Array]:
        """One Gauss-Newton step of poses by matches chosen (b, k) with weights (b, k); held (b, 6): how far each pose
        has gone from the assumed one, which holds it, None: nothing does.
        """
        arms = self.arms[chosen] @ turns.transpose(0, 2, 1)
        places = arms + (self.middle / self.radius + shifts)[:, None]
        inverse = 1.0 / np.maximum(places[..., 2], 0.1)
        plane = places[..., :2] * inverse[..., None]
        residuals = (plane - self.pixels[chosen]) * (self.focal / _MATCH_NOISE_PX)
        scale = inverse * (self.focal / _MATCH_NOISE_PX)
        rows = np.zeros((*residuals.shape, 6))
        x, y = plane[..., 0], plane[..., 1]
        a, b, c = arms[..., 0], arms[..., 1], arms[..., 2]
        rows[..., 0, 0] = rows[..., 1, 1] = 1.0
        rows[..., 0, 2], rows[..., 1, 2] = -x, -y
        # By a rotation vector w a place changes by w x arm.
        rows[..., 0, 3], rows[..., 0, 4], rows[..., 0, 5] = -x * b, c + x * a, -b
        rows[..., 1, 3], rows[..., 1, 4], rows[..., 1, 5] = -c - y * b, y * a, a
        rows *= scale[..., None, None]
        flat, right = rows.reshape(len(turns), -1, 6), residuals.reshape(len(turns), -1, 1)
        weighted = (flat if weights is None else flat * np.repeat(weights, 2, 1)[..., None]).transpose(0, 2, 1)
        information, gradient = weighted @ flat + _LEAST_INFORMATION, weighted @ right
        if held is None:
            held = np.zeros((len(turns), 6))
        else:
            information += _HOLDING
            gradient += (held @ _HOLDING)[..., None]
        change = -np.linalg.solve(information, gradient)[..., 0]
        np.clip(change, -1.0, 1.0, out=change)
        return _turns(change[:, 3:]) @ turns, shifts + change[:, :3], held + change


def _turns(vectors: Array) -> Array:
    """Rotations (b, 3, 3) that come close to those of small rotation vectors (b, 3): Cayley's transform."""
    hats = np.zeros((len(vectors), 3, 3))
    half = vectors / 2.0
    hats[:, 1, 0], hats[:, 2, 0], hats[:, 2, 1] = half[:, 2], -half[:, 1], half[:, 0]
    hats -= hats.transpose(0, 2, 1)
    return np.asarray(np.linalg.solve(np.eye(3) - hats, np.eye(3) + hats))
