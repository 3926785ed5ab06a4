"""Pictures of descriptors: a PCA colouring that does not flicker, and the kernel laid over the image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError


class HeatmapError(DenseGraspError):
    """An image or grid of the wrong shape."""


@dataclass(frozen=True)
class PcaBasis:
    """Three directions of descriptor space shown as red, green and blue.

    mean: (D,). components: (3, D), rows of zeros where D < 3. low, high: (3,), the values shown as 0 and 255.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def fit_pca(features: ArrayLike, previous: PcaBasis | None = None) -> PcaBasis:
    """Principal directions of a grid (h, w, D).

    A direction's sign is arbitrary: it is fixed by its largest coefficient or, given a previous basis, the
    whole basis is turned to be as near to that as possible, so that colours stay.
    """
    grid = _grid(features)
    points = grid.reshape(-1, grid.shape[2])
    mean = points.mean(axis=0)
    _, _, right = np.linalg.svd(np.cov(points - mean, rowvar=False).reshape(points.shape[1], -1), hermitian=True)
    components = np.zeros((3, points.shape[1]))
    components[: min(3, len(right))] = right[:3]
    if previous is not None and previous.components.shape == components.shape:
        left, _, turned = np.linalg.svd(previous.components @ components.T)
        components = left @ turned @ components
    else:
        largest = components[np.arange(3), np.abs(components).argmax(axis=1)]
        components *= np.where(largest < 0, -1.0, 1.0)[:, None]
    values = (points - mean) @ components.T
    low, high = np.percentile(values, [2, 98], axis=0)
    return PcaBasis(mean, components, low, np.maximum(high, low + 1e-9))


def pca_image(features: ArrayLike, basis: PcaBasis | None = None) -> NDArray[np.uint8]:
    """RGB image (h, w, 3) of a grid (h, w, D).

    With the same basis the same descriptor has the same colour in every frame; without one it is fitted.
    """
    grid = _grid(features)
    used = fit_pca(grid) if basis is None else basis
    if used.mean.shape != (grid.shape[2],):
        raise HeatmapError(f"basis is for D = {len(used.mean)}, expected {grid.shape[2]} as the descriptor grid")
    values = (grid - used.mean) @ used.components.T
    return np.clip(255.0 * (values - used.low) / (used.high - used.low), 0, 255).astype(np.uint8)


_DIM = 0.6  # of the image's brightness where the kernel is 0: heat shows on any picture
_RING, _GAP = 18, 6  # px: radius of a match's ring, and how far its ticks reach inwards; the peak itself stays free


def heatmap_overlay(rgb: NDArray[np.uint8], kernel: NDArray[np.floating], opacity: float = 0.9) -> NDArray[np.uint8]:
    """RGB image (H, W, 3) with the kernel (H, W), 0..1, as a colour map over the image in dim grey."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.shape[:2] != kernel.shape:
        raise HeatmapError(
            f"image is {rgb.dtype} {rgb.shape} and kernel {kernel.shape}, expected uint8 (H, W, 3) and (H, W)"
        )
    heat = np.nan_to_num(np.clip(kernel, 0.0, 1.0)).astype(np.float32)
    colours = cv2.cvtColor(cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    grey = _DIM * cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    alpha = (opacity * np.sqrt(heat))[..., None]
    return (grey * (1 - alpha) + colours * alpha + 0.5).astype(np.uint8)


def draw_match(
    rgb: NDArray[np.uint8], u: float, v: float, colour: tuple[int, int, int] = (255, 255, 255)
) -> NDArray[np.uint8]:
    """A copy of the image with a ring around pixel (u, v) and four ticks towards it, so that what is there shows;
    unchanged when the pixel is NaN.
    """
    image = rgb.copy()
    if np.isfinite([u, v]).all():
        x, y = round(u), round(v)
        for ink, width in (((0, 0, 0), 3), (colour, 1)):
            cv2.circle(image, (x, y), _RING, ink, width, cv2.LINE_AA)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                start = x + (_RING - _GAP) * dx, y + (_RING - _GAP) * dy
                cv2.line(image, start, (x + (_RING + _GAP) * dx, y + (_RING + _GAP) * dy), ink, width, cv2.LINE_AA)
    return image


def _grid(features: ArrayLike) -> NDArray[np.float64]:
    grid = np.asarray(features, dtype=np.float64)
    if grid.ndim != 3 or 0 in grid.shape or not np.isfinite(grid).all():
        raise HeatmapError(f"descriptor grid has shape {grid.shape}, expected (h, w, D), finite")
    return grid
