"""RootSIFT as a dense descriptor: what hand-made features reach on the same pairs.

SIFT (Lowe 2004) described at given points, its entries' square roots compared (Arandjelovic and Zisserman 2012).
Images are halved first: at full size, with the same support, one image takes seconds.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SUPPORT_PX = 10.0
STEP_PX = 3
ROTATIONS = 12
_SHRINK = 2


def describe(grey: NDArray, pixels: NDArray, angle_deg: float = 0.0) -> NDArray:
    """RootSIFT (n, 128) of length 1 at (n, 2) pixels of an image (H, W) uint8, turned by one angle for all.

    Raises ValueError when SIFT leaves a point out.
    """
    keypoints = tuple(cv2.KeyPoint(float(u), float(v), SUPPORT_PX, float(angle_deg), 1.0, 0) for u, v in pixels)
    found, descriptors = cv2.SIFT.create().compute(grey, keypoints)
    if len(found) != len(pixels):
        raise ValueError(f"SIFT described {len(found)} of {len(pixels)} points, expected all of them")
    return np.sqrt(descriptors / np.maximum(descriptors.sum(1, keepdims=True), 1e-9))


def root_sift(image_a: NDArray, image_b: NDArray, pixels_a: NDArray) -> NDArray:
    """Pixel (n, 2) of B nearest to each query (n, 2) of A in RootSIFT, over the whole image and 12 turns of the query.

    image_a, image_b: (H, W, 3) uint8. B is described upright every 6 pixels; the window is about 60 px wide.
    """
    grey_a, grey_b = (_halved(image) for image in (image_a, image_b))
    height, width = grey_b.shape
    middle = STEP_PX // 2
    v, u = np.mgrid[middle:height:STEP_PX, middle:width:STEP_PX]
    places = np.stack([u.ravel(), v.ravel()], 1).astype(np.float64)
    dense = describe(grey_b, places)
    queries = (np.asarray(pixels_a) + 0.5) / _SHRINK - 0.5
    best = np.full(len(queries), -np.inf)
    index = np.zeros(len(queries), np.int64)
    for turn in range(ROTATIONS):
        similarity = describe(grey_a, queries, 360.0 * turn / ROTATIONS) @ dense.T
        largest = similarity.argmax(1)
        value = similarity[np.arange(len(queries)), largest]
        index = np.where(value > best, largest, index)
        best = np.maximum(best, value)
    return (places[index] + 0.5) * _SHRINK - 0.5


def _halved(image: NDArray) -> NDArray:
    size = (image.shape[1] // _SHRINK, image.shape[0] // _SHRINK)
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
