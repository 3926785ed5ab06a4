"""One click across two scans of an object: a point of a picture of the one is looked for in pictures of the other.

Both scans have one frame of the object, so poses and depth say where the clicked point lies; neither is an input of
what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH, TestPair

CLICKS = 40
DEPTH_TOLERANCE_M = 0.01
_CLICKED_PICTURES = 8  # drawn for each picture that is searched
_DRAWN = 400


def scan_clicks(clicked: list[ScanView], searched: list[ScanView], seed: int = 0) -> Iterator[TestPair]:
    """Pairs of a picture of ``clicked`` and one of ``searched``, with at most CLICKS points for each of the latter.

    The points are drawn on the picture that is searched, each is clicked in a random picture of the other scan that
    sees it. Pictures are 640 px wide.
    """
    for number, view in enumerate(searched):
        rng = np.random.default_rng([seed, number])
        left = CLICKS
        others = [other for other in clicked if other is not view]
        for index in rng.permutation(len(others))[:_CLICKED_PICTURES]:
            pixels_a, pixels_b = _seen_in_both(others[index], view, rng)
            taken = min(left, len(pixels_a), -(-CLICKS * 2 // _CLICKED_PICTURES))
            if taken:
                yield _pair(others[index], view, pixels_a[:taken], pixels_b[:taken])
                left -= taken


def _seen_in_both(a: ScanView, b: ScanView, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Pixels (n, 2) of A and (n, 2) of B that show the same point of the object."""
    pixels = b.surface_pixels()
    pixels = pixels[rng.integers(0, len(pixels), _DRAWN)]
    points = transform(a.pose, b.points(pixels))
    found = a.camera.project(points)
    cells = np.rint(np.nan_to_num(found, nan=-1.0)).astype(int)
    inside = (points[:, 2] > 0) & (cells >= 0).all(1) & (cells < [a.camera.width, a.camera.height]).all(1)
    cells = np.where(inside[:, None], cells, 0)
    there = np.where(a.mask[cells[:, 1], cells[:, 0]], a.depth[cells[:, 1], cells[:, 0]], 0.0)
    seen = inside & (there > 0) & (np.abs(there - points[:, 2]) < DEPTH_TOLERANCE_M)
    return found[seen], pixels[seen].astype(np.float64)


def _pair(a: ScanView, b: ScanView, pixels_a: NDArray, pixels_b: NDArray) -> TestPair:
    images, pixels = [], []
    for view, chosen in ((a, pixels_a), (b, pixels_b)):
        factor = REFERENCE_WIDTH / view.camera.width
        size = (REFERENCE_WIDTH, round(view.camera.height * factor))
        images.append(view.rgb if factor == 1 else cv2.resize(view.rgb, size, interpolation=cv2.INTER_AREA))
        pixels.append((chosen + 0.5) * factor - 0.5)
    return TestPair(images[0], images[1], pixels[0], pixels[1], np.ones(images[1].shape[:2], bool))
