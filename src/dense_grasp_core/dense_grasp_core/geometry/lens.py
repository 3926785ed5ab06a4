"""Lens models: where a lens puts a direction, and the direction that a point of the image came from.

All on the plane at distance 1 before the camera, x to the right and y down, without units.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LARGEST_ERROR = 1e-7
_STEPS = 30


class Lens(str, Enum):
    """The models by their names in `distortion_model` of sensor_msgs/CameraInfo, where it has one."""

    BROWN_CONRADY = "plumb_bob"
    """(k1, k2, p1, p2[, k3[, k4, k5, k6]]), OpenCV's; with k4 to k6 "rational_polynomial"."""
    INVERSE_BROWN_CONRADY = "inverse_brown_conrady"
    """The same polynomial from the image to the direction (librealsense's RS2_DISTORTION_INVERSE_BROWN_CONRADY)."""
    FISHEYE = "equidistant"
    """(k1, k2, k3, k4) on the angle to the axis: Kannala and Brandt 2006, OpenCV's fisheye."""

    @property
    def counts(self) -> tuple[int, ...]:
        """How many coefficients it may have; without any there is no distortion."""
        return (0, 4) if self is Lens.FISHEYE else (0, 4, 5, 8)


def distort(lens: Lens, coefficients: tuple[float, ...], x: Array, y: Array) -> tuple[Array, Array]:
    """Points (n,) of the image of directions (n,); NaN where there is none."""
    if lens is Lens.FISHEYE:
        points = np.stack([x, y], axis=1)[None]
        found = cv2.fisheye.distortPoints(points, np.eye(3), _four(coefficients))[0]
        return found[:, 0], found[:, 1]
    if lens is Lens.INVERSE_BROWN_CONRADY:
        return _inverse_polynomial(coefficients, x, y)
    return _polynomial(coefficients, x, y)[:2]


def undistort(lens: Lens, coefficients: tuple[float, ...], x: Array, y: Array) -> tuple[Array, Array]:
    """Directions (n,) of points (n,) of the image; NaN where there is none."""
    if lens is Lens.FISHEYE:
        points = np.stack([x, y], axis=1)
        found = cv2.fisheye.undistortPoints(points[None], np.eye(3), _four(coefficients))[0]
        again = np.stack(distort(lens, coefficients, *found.T), axis=1)
        found[~(np.abs(again - points).max(axis=1) < _LARGEST_ERROR)] = np.nan
        return found[:, 0], found[:, 1]
    if lens is Lens.INVERSE_BROWN_CONRADY:
        return _polynomial(coefficients, x, y)[:2]
    return _inverse_polynomial(coefficients, x, y)


def _four(coefficients: tuple[float, ...]) -> Array:
    return np.array(coefficients if any(coefficients) else (0.0,) * 4)


def _polynomial(coefficients: tuple[float, ...], x: Array, y: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Brown and Conrady's polynomial, and its derivatives xx, xy = yx, yy."""
    k1, k2, p1, p2, k3, k4, k5, k6 = coefficients + (0.0,) * (8 - len(coefficients))
    r2 = x * x + y * y
    numerator = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    denominator = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    radial = numerator / denominator
    slope = (k1 + r2 * (2 * k2 + r2 * 3 * k3) - radial * (k4 + r2 * (2 * k5 + r2 * 3 * k6))) / denominator
    xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
    xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
    yy = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
    return xd, yd, xx, xy, yy


def _inverse_polynomial(coefficients: tuple[float, ...], xd: Array, yd: Array) -> tuple[Array, Array]:
    """Newton's method, which converges in a handful of steps inside the image.

    OpenCV's `undistortPoints` iterates to a fixed point, which for a strong lens stops short or leaves the right root.
    """
    x, y = xd.copy(), yd.copy()
    error = np.full_like(x, np.inf)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            xp, yp, xx, xy, yy = _polynomial(coefficients, x, y)
            ex, ey = xp - xd, yp - yd
            error = np.hypot(ex, ey)
            if not np.any(error > 1e-12):
                break
            determinant = xx * yy - xy * xy
            x = x - (yy * ex - xy * ey) / determinant
            y = y - (xx * ey - xy * ex) / determinant
    lost = ~(error < _LARGEST_ERROR)
    x[lost] = y[lost] = np.nan
    return x, y
