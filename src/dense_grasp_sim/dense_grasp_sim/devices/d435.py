"""Makes exact depth look like a RealSense D435's: quantised disparity, noise, shadows, holes, limited range."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
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


#: m that distances are cut to before anything is calculated: all of them are outside the camera's range.
_NEAREST, _FARTHEST = 0.05, 50.0


def imitate(
    depth: NDArray[np.float32], rng: np.random.Generator, sensor: DepthSensor | None = None
) -> NDArray[np.uint16]:
    """Depth (H, W) in metres as the camera would report it: (H, W) uint16 millimetres, 0 = no depth."""
    s = sensor or DepthSensor()
    # What is not a number is as far away as can be: fmin takes the number.
    z = np.fmin(depth, np.float32(_FARTHEST), dtype=np.float32)
    np.fmax(z, np.float32(_NEAREST), out=z)
    disparity = np.float32(s.stereo_focal * s.baseline) / z
    lost = _hidden_from_second_imager(disparity * np.float32(s.focal / s.stereo_focal))
    lost |= ~((depth >= s.minimum) & (depth <= s.maximum))
    lost.flat[_grazing(z, s, rng)] = True
    lost |= rng.random(z.shape, dtype=np.float32) < s.speckle
    noisy = _correlated_noise(z.shape, rng)
    noisy *= np.float32(s.noise)
    noisy += disparity
    noisy /= np.float32(s.quantum)
    reported = np.take(_reported(s), np.rint(noisy, out=noisy).astype(np.intp), mode="clip")
    reported[lost] = 0
    return reported


@cache
def _reported(s: DepthSensor) -> NDArray[np.uint16]:
    """mm by disparity in quanta, 0 outside the range; the last one stands for all that is nearer."""
    strength = np.float32(s.stereo_focal * s.baseline)
    quanta = np.maximum(np.arange(int(strength / (s.minimum * s.quantum)) + 2, dtype=np.float32), 1.0)
    measured = strength / (quanta * np.float32(s.quantum))
    inside = (measured >= s.minimum) & (measured <= s.maximum)
    return np.where(inside, np.round(measured * 1000.0), 0).astype(np.uint16)


def _correlated_noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit normal noise with patches of 2 px, as block matching leaves it."""
    rows, columns = shape
    coarse = rng.standard_normal(((rows + 1) // 2, (columns + 1) // 2), dtype=np.float32)
    coarse *= np.float32(0.8)
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise *= np.float32(0.6)
    noise += cv2.resize(coarse, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)[:rows, :columns]
    return noise


def _hidden_from_second_imager(disparity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels whose place in the second image is covered by something nearer to the right of them."""
    # Column after column of the turned picture: NumPy's own accumulate takes one pixel after the other.
    columns = cv2.transpose(np.arange(disparity.shape[1], dtype=np.float32) - disparity)
    covered_from = columns.copy()
    for column in range(len(columns) - 2, -1, -1):
        np.minimum(covered_from[column], covered_from[column + 1], out=covered_from[column])
    hidden = np.zeros(columns.shape, dtype=np.uint8)
    np.less(covered_from[1:], columns[:-1] - np.float32(0.5), out=hidden[:-1].view(bool))
    return cv2.transpose(hidden).view(bool)


def _grazing(z: NDArray[np.float32], s: DepthSensor, rng: np.random.Generator) -> NDArray[np.int64]:
    """Flat indices of most pixels on surfaces seen edge-on and along jumps in depth."""
    slope_u, slope_v = np.zeros_like(z), np.zeros_like(z)
    np.subtract(z[:, 2:], z[:, :-2], out=slope_u[:, 1:-1])
    np.subtract(z[2:], z[:-2], out=slope_v[1:-1])
    chance = rng.random(z.shape, dtype=np.float32)
    # Few pixels come into question, and a root is slow. The longer side is at least the slope by the root of 2.
    longest = np.maximum(np.abs(slope_u), np.abs(slope_v))
    per_pixel = np.float32(0.5 * s.focal)
    limit = np.float32(1.0 / s.grazing)
    steep = np.flatnonzero(longest * per_pixel > (0.49 * limit) * z)
    steepness = np.hypot(slope_u.flat[steep], slope_v.flat[steep]) * per_pixel / z.flat[steep]
    return steep[steepness > limit * (0.7 + 0.9 * chance.flat[steep])]
