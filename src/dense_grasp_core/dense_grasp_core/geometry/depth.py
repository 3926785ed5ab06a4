"""Depth images: units and a robust depth at one pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError

DEPTH_ENCODINGS = ("16UC1", "mono16", "32FC1")


class DepthError(DenseGraspError):
    """A depth image in an unknown encoding or shape."""


@dataclass(frozen=True)
class DepthSample:
    """Depth around one pixel.

    depth: m along the optical axis. valid_fraction: share of the window with a measurement.
    spread: m, robust standard deviation of the surface that was chosen.
    """

    depth: float
    valid_fraction: float
    spread: float


def depth_to_metres(image: NDArray[np.generic], encoding: str) -> NDArray[np.float32]:
    """(H, W) float32 metres, NaN where nothing was measured, from a ROS depth image.

    16UC1 and mono16 are millimetres, 32FC1 is metres (REP 118); zero, negative and not finite values mean
    no measurement.
    Raises DepthError for another encoding, dtype or number of axes.
    """
    if encoding not in DEPTH_ENCODINGS:
        raise DepthError(f"depth encoding is {encoding!r}, expected one of {', '.join(DEPTH_ENCODINGS)}")
    wanted = np.dtype(np.float32 if encoding == "32FC1" else np.uint16)
    if image.ndim != 2 or image.dtype != wanted:
        raise DepthError(f"depth image is {image.dtype} {image.shape}, expected {wanted} (H, W) for {encoding}")
    metres = image.astype(np.float32) * (1.0 if encoding == "32FC1" else 1e-3)
    with np.errstate(invalid="ignore"):
        metres[~(np.isfinite(metres) & (metres > 0))] = np.nan
    return np.asarray(metres, dtype=np.float32)


def robust_depth(
    depth_m: NDArray[np.floating],
    u: float,
    v: float,
    radius: int = 3,
    min_valid: float = 0.3,
    band: float = 0.02,
) -> DepthSample | None:
    """Depth of the nearest dense surface in the window of `radius` px around (u, v), or None.

    The window's depths are sorted; the surface is the first run of values that have at least a sixth of the
    measured pixels within `band` (relative to depth) behind them. A pixel on a rim so gets the rim, neither
    the background nor the flying pixels between them, and a slanted surface gets its middle.
    None when (u, v) is outside the image or less than `min_valid` of the window is measured.
    """
    if depth_m.ndim != 2:
        raise DepthError(f"depth image has shape {depth_m.shape}, expected (H, W)")
    height, width = depth_m.shape
    if not (-0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5):
        return None
    column, row = int(np.floor(u + 0.5)), int(np.floor(v + 0.5))
    window = depth_m[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
    values = np.sort(window[np.isfinite(window) & (window > 0)].astype(np.float64))
    fraction = values.size / window.size
    if values.size == 0 or fraction < min_valid:
        return None
    surface = _nearest_surface(values, band)
    middle = float(np.median(surface))
    return DepthSample(middle, fraction, float(1.4826 * np.median(np.abs(surface - middle))))


def _nearest_surface(values: NDArray[np.float64], band: float) -> NDArray[np.float64]:
    ends = np.searchsorted(values, values * (1.0 + band), side="right")
    counts = ends - np.arange(values.size)
    dense = counts >= max(min(3, values.size), int(np.ceil(values.size / 6)))
    if not dense.any():
        return values
    first = int(np.argmax(dense))
    after = np.flatnonzero(~dense[first:])
    last = first + int(after[0]) - 1 if after.size else values.size - 1
    return values[first : ends[last]]
