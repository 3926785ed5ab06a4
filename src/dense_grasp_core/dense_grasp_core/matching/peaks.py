"""Where a kernel image is largest, how sure that is, and its sub-pixel position."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.matching.descriptor_grid import MatchingError


@dataclass(frozen=True)
class Peak:
    """The highest point of a kernel image.

    u, v: px. score: kernel there, 0..1. second_peak_ratio: kernel at the highest local maximum outside the
    suppression radius / score, 0..1, 0 when there is none. second_u, second_v: px of that maximum, or NaN.
    """

    u: float
    v: float
    score: float
    second_peak_ratio: float
    second_u: float = float("nan")
    second_v: float = float("nan")


def find(
    kernel: NDArray[np.floating], mask: NDArray[np.bool_] | None = None, suppression_px: float = 40.0
) -> Peak | None:
    """Argmax of a kernel (H, W) within mask (H, W) bool, and how high the next peak elsewhere is.

    The second peak is a local maximum of the whole kernel: the slope of the first peak does not count,
    however wide it is. None when the mask is empty.
    """
    if kernel.ndim != 2 or kernel.size == 0:
        raise MatchingError(f"kernel has shape {kernel.shape}, expected (H, W)")
    if mask is not None and mask.shape != kernel.shape:
        raise MatchingError(f"mask has shape {mask.shape}, expected {kernel.shape} as the kernel")
    if mask is not None and not mask.any():
        return None
    values = kernel if mask is None else np.where(mask, kernel, -1.0)
    v, u = divmod(int(np.argmax(values)), kernel.shape[1])
    score = float(kernel[v, u])
    image = np.asarray(kernel, dtype=np.float32)
    peaks = image >= cv2.dilate(image, np.ones((3, 3), np.uint8))
    if mask is not None:
        peaks &= mask
    _clear_disc(peaks, u, v, suppression_px)
    rows, columns = np.nonzero(peaks)
    if not len(rows) or score <= 0:
        return Peak(float(u), float(v), score, 0.0)
    best = int(np.argmax(image[rows, columns]))
    second = float(image[rows[best], columns[best]])
    return Peak(float(u), float(v), score, min(second / score, 1.0), float(columns[best]), float(rows[best]))


def highest(
    kernel: NDArray[np.floating], count: int, suppression_px: float = 40.0, lowest: float = 0.05
) -> list[tuple[float, float, float]]:
    """The `count` highest local maxima (u, v, score) of a kernel (H, W), highest first, each farther than
    suppression_px from every higher one and not below `lowest`. Raises MatchingError.
    """
    if kernel.ndim != 2 or kernel.size == 0:
        raise MatchingError(f"kernel has shape {kernel.shape}, expected (H, W)")
    image = np.asarray(kernel, dtype=np.float32)
    maxima = (image >= cv2.dilate(image, np.ones((3, 3), np.uint8))) & (image >= lowest)
    found: list[tuple[float, float, float]] = []
    while len(found) < count:
        values = np.where(maxima, image, -1.0)
        v, u = divmod(int(np.argmax(values)), image.shape[1])
        if values[v, u] < 0:
            break
        found.append((float(u), float(v), float(image[v, u])))
        _clear_disc(maxima, u, v, suppression_px)
    return found


def soft_argmax(kernel: NDArray[np.floating], u: float, v: float, window: int = 8) -> tuple[float, float]:
    """Sub-pixel position: mean of the pixels within `window` px of (u, v), in both directions.

    Weights are the kernel above its minimum in the window. At the image border the window shrinks on both
    sides alike, so it does not pull inwards.
    """
    if kernel.ndim != 2 or window < 0:
        raise MatchingError(f"kernel has shape {kernel.shape} and window is {window}, expected (H, W) and >= 0")
    height, width = kernel.shape
    column, row = round(u), round(v)
    if not (0 <= column < width and 0 <= row < height):
        raise MatchingError(f"pixel ({u}, {v}) is outside the kernel of {width}x{height} px")
    across, down = min(window, column, width - 1 - column), min(window, row, height - 1 - row)
    part = kernel[row - down : row + down + 1, column - across : column + across + 1].astype(np.float64)
    weights = part - part.min()
    total = weights.sum()
    if total <= 0:
        return float(column), float(row)
    offsets_u, offsets_v = np.arange(-across, across + 1), np.arange(-down, down + 1)
    return (
        column + float(weights.sum(axis=0) @ offsets_u / total),
        row + float(weights.sum(axis=1) @ offsets_v / total),
    )


def _clear_disc(image: NDArray[np.bool_], u: int, v: int, radius: float) -> None:
    reach = int(np.ceil(radius))
    rows = np.arange(max(v - reach, 0), min(v + reach + 1, image.shape[0]))
    columns = np.arange(max(u - reach, 0), min(u + reach + 1, image.shape[1]))
    inside = (rows[:, None] - v) ** 2 + (columns[None, :] - u) ** 2 <= radius**2
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][inside] = False
