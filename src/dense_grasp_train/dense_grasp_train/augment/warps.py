"""Similarity warps of a camera image as exact camera changes, and matches carried through them analytically.

A warp ``S = [s R(angle) | t]`` (3x3, target pixels from source pixels) of an image with square pixels is exactly what
another pinhole camera sees: ``S K = K' Rz(angle)``, where K' has the focal length ``s f`` and its principal point at
``S (cx, cy)``. Points turn by Rz about the optical axis and keep their depth, so a warped pair is rigid without a
residual; the price is that K' differs from K, as after any crop or resize.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Warp:
    """Similarity between images.

    matrix: (3, 3) target pixels from source pixels (u, v, 1). angle: radians, u towards v. scale: target / source.
    """

    matrix: NDArray
    angle: float
    scale: float

    @property
    def target_from_source(self) -> NDArray:
        """Motion (4, 4) of camera points that belongs to the warp: a turn about the optical axis."""
        motion = np.eye(4)
        motion[:2, :2] = rotation2(self.angle)
        return motion

    def camera_matrix(self, source: NDArray) -> NDArray:
        """K' of the warped image for K of the source, (3, 3).

        Raises ValueError when the pixels are not square, for then no pinhole camera sees the warped image.
        """
        if abs(source[0, 0] - source[1, 1]) > 0.01 * source[0, 0]:
            raise ValueError(f"focal lengths are {source[0, 0]} and {source[1, 1]}, expected square pixels")
        target = np.eye(3)
        target[0, 0] = target[1, 1] = self.scale * 0.5 * (source[0, 0] + source[1, 1])
        target[:2, 2] = self.apply(source[None, :2, 2])[0]
        return target

    def apply(self, pixels: NDArray) -> NDArray:
        """(n, 2) target pixels of (n, 2) source pixels."""
        return pixels @ self.matrix[:2, :2].T + self.matrix[:2, 2]


def rotation2(angle: float) -> NDArray:
    """(2, 2) rotation that turns u towards v."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def similarity(angle: float, scale: float, source_point: NDArray, target_point: NDArray) -> Warp:
    """The warp that turns and scales about ``source_point`` and puts that point at ``target_point`` (pixels)."""
    matrix = np.eye(3)
    matrix[:2, :2] = scale * rotation2(angle)
    matrix[:2, 2] = np.asarray(target_point) - matrix[:2, :2] @ np.asarray(source_point)
    return Warp(matrix, float(angle), float(scale))


def resize(warp: Warp, factor: float) -> Warp:
    """The warp followed by a resize of the whole image, pixel centres at integers."""
    matrix = np.eye(3)
    matrix[0, 0] = matrix[1, 1] = factor
    matrix[:2, 2] = 0.5 * factor - 0.5
    return Warp(matrix @ warp.matrix, warp.angle, warp.scale * factor)
