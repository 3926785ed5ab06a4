"""Makes exact depth look like a RealSense D435's: quantised disparity, noise, shadows, holes, limited range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DepthSensor:
    """Properties of the stereo module. focal (px) belongs to the depth image, baseline in m.

    noise and quantum are in px of disparity; the depth error they cause grows with the square of the distance.
    """

    focal: float = 615.0
    stereo_focal: float = 385.0
    baseline: float = 0.050
    minimum: float = 0.20
    maximum: float = 6.0
    noise: float = 0.06
    quantum: float = 1.0 / 32.0
    grazing: float = 0.14  # cosine between ray and surface, below which the match is lost
    speckle: float = 0.0005  # share of pixels lost anywhere


def imitate(
    depth: NDArray[np.float32], rng: np.random.Generator, sensor: DepthSensor | None = None
) -> NDArray[np.uint16]:
    """Depth (H, W) in metres as the camera would report it: (H, W) uint16 millimetres, 0 = no depth."""
    s = sensor or DepthSensor()
    z = np.clip(depth, 0.05, 50.0).astype(np.float32)
    strength = np.float32(s.stereo_focal * s.baseline)
    disparity = strength / z
    lost = (depth < s.minimum) | (depth > s.maximum) | ~np.isfinite(depth)
    lost |= _hidden_from_second_imager(disparity * np.float32(s.focal / s.stereo_focal))
    lost |= _grazing(z, s, rng)
    lost |= rng.random(z.shape, dtype=np.float32) < s.speckle
    noisy = disparity + np.float32(s.noise) * _correlated_noise(z.shape, rng)
    quantised = np.maximum(np.round(noisy / np.float32(s.quantum)), 1.0) * np.float32(s.quantum)
    measured = strength / quantised
    lost |= (measured < s.minimum) | (measured > s.maximum)
    return np.where(lost, 0, np.round(measured * 1000.0)).astype(np.uint16)


def _correlated_noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit normal noise with patches of 2 px, as block matching leaves it."""
    rows, columns = (shape[0] + 1) // 2, (shape[1] + 1) // 2
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    coarse = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]
    return np.float32(0.8) * coarse + np.float32(0.6) * rng.standard_normal(shape, dtype=np.float32)


def _hidden_from_second_imager(disparity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels whose place in the second image is covered by something nearer to the right of them."""
    place = np.arange(disparity.shape[1], dtype=np.float32)[None, :] - disparity
    covered_from = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(disparity.shape, dtype=bool)
    hidden[:, :-1] = covered_from[:, 1:] < place[:, :-1] - 0.5
    return hidden


def _grazing(z: NDArray[np.float32], s: DepthSensor, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Most pixels on surfaces seen edge-on and along jumps in depth."""
    slope_u = np.zeros_like(z)
    slope_v = np.zeros_like(z)
    slope_u[:, 1:-1] = z[:, 2:] - z[:, :-2]
    slope_v[1:-1] = z[2:] - z[:-2]
    steepness = np.hypot(slope_u, slope_v) * np.float32(0.5 * s.focal) / z
    limit = np.float32(1.0 / s.grazing)
    return steepness > limit * (0.7 + 0.9 * rng.random(z.shape, dtype=np.float32))
