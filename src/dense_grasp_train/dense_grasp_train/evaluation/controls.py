"""Predictors that know little or nothing, printed beside every network so that its figures mean something.

Each takes what a network would get and returns (n, 2) pixels (u, v) in image B.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PATCH_SIZE = 9
_PATCH_SHRINK = 2
_QUERY_CHUNK = 64


def random_on_mask(mask_b: NDArray, count: int, rng: np.random.Generator) -> NDArray:
    """A random pixel of the object, (count, 2)."""
    v, u = np.nonzero(mask_b)
    chosen = rng.integers(0, len(u), count)
    return np.stack([u[chosen], v[chosen]], 1).astype(np.float64)


def mask_centroid(mask_b: NDArray, count: int) -> NDArray:
    """The centre of the object's mask for every query, (count, 2)."""
    v, u = np.nonzero(mask_b)
    return np.tile([[u.mean(), v.mean()]], (count, 1))


def same_pixel(pixels_a: NDArray) -> NDArray:
    """The query's own pixel."""
    return np.array(pixels_a, np.float64)


def rgb_patch(image_a: NDArray, image_b: NDArray, pixels_a: NDArray) -> NDArray:
    """Least squared difference of 9 x 9 colour patches over the whole image, on half-size images.

    Args:
        image_a, image_b: (H, W, 3) uint8.
        pixels_a: (n, 2) queries.
    """
    patches_a, patches_b = (_patches(image) for image in (image_a, image_b))
    height, width = patches_b.shape[:2]
    flat_b = patches_b.reshape(height * width, -1)
    norm_b = (flat_b**2).sum(1)
    cells = np.rint((np.asarray(pixels_a) + 0.5) / _PATCH_SHRINK - 0.5).astype(int)
    cells = np.clip(cells, 0, [width - 1, height - 1])
    queries = patches_a[cells[:, 1], cells[:, 0]]
    best = [
        np.argmin(norm_b[None] - 2.0 * (queries[i : i + _QUERY_CHUNK] @ flat_b.T), axis=1)
        for i in range(0, len(queries), _QUERY_CHUNK)
    ]
    index = np.concatenate(best)
    return (np.stack([index % width, index // width], 1) + 0.5) * _PATCH_SHRINK - 0.5


def _patches(image: NDArray) -> NDArray:
    """(h, w, 9 * 9 * 3) float32 patches around every pixel of the half-size image."""
    height, width = image.shape[0] // _PATCH_SHRINK, image.shape[1] // _PATCH_SHRINK
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    half = PATCH_SIZE // 2
    padded = cv2.copyMakeBorder(small, half, half, half, half, cv2.BORDER_REPLICATE)
    size = (PATCH_SIZE, PATCH_SIZE)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(padded), size, axis=(0, 1))  # type: ignore[call-overload]
    return np.ascontiguousarray(windows).reshape(height, width, -1)
