"""The same resting points in two pictures with depth, found without knowing where the camera is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import GeometryError, kabsch, transform

Array = NDArray[np.float64]

#: Points that two pictures share at least; fewer are too few to tell a motion from mismatches.
LEAST_POINTS = 12
_FEATURES = 3000
_RATIO = 0.8
#: Share of the distance by which matched points may miss the common motion.
_BAND = 0.015
_TRIALS = 500


class RestingPointsError(DenseGraspError):
    """Two pictures that do not show enough of the same."""


@dataclass(frozen=True)
class DepthPicture:
    """Colour rgb (H, W, 3) uint8 with aligned depth (H, W) m, NaN or 0 where there is none, and the camera of both."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.floating]
    camera: CameraModel


def resting_points(first: DepthPicture, second: DepthPicture, seed: int = 0) -> tuple[Array, Array]:
    """Points (N, 3) m in the optical frame of each picture, row by row the same spot of the scene.

    Matches of features are kept that one rigid motion explains, so what moved with the camera or by itself drops out.
    Raises RestingPointsError for fewer than LEAST_POINTS.
    """
    one, two = _matches(first, second)
    remedy = "lay something with print or a pattern, such as a newspaper, under the camera"
    if len(one) < LEAST_POINTS:
        raise RestingPointsError(
            f"{len(one)} features with depth match between the two pictures, expected at least {LEAST_POINTS}; {remedy}"
        )
    kept = _rigid(one, two, np.random.default_rng(seed))
    if np.count_nonzero(kept) < LEAST_POINTS:
        raise RestingPointsError(
            f"one motion explains {np.count_nonzero(kept)} of {len(one)} matched features, expected at least "
            f"{LEAST_POINTS}; {remedy}"
        )
    return one[kept], two[kept]


def _matches(first: DepthPicture, second: DepthPicture) -> tuple[Array, Array]:
    sift = cv2.SIFT.create(nfeatures=_FEATURES, contrastThreshold=0.01)
    found = [sift.detectAndCompute(cv2.cvtColor(p.rgb, cv2.COLOR_RGB2GRAY), None) for p in (first, second)]
    (points_a, words_a), (points_b, words_b) = found
    if words_a is None or words_b is None or len(words_a) < 2 or len(words_b) < 2:
        return np.zeros((0, 3)), np.zeros((0, 3))
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    back = {match.queryIdx: match.trainIdx for (match, *_) in matcher.knnMatch(words_b, words_a, k=1)}
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, next_best in matcher.knnMatch(words_a, words_b, k=2)
        if best.distance < _RATIO * next_best.distance and back.get(best.trainIdx) == best.queryIdx
    ]
    if not pairs:
        return np.zeros((0, 3)), np.zeros((0, 3))
    one = _deproject(first, np.array([points_a[a].pt for a, _ in pairs]))
    two = _deproject(second, np.array([points_b[b].pt for _, b in pairs]))
    both = np.isfinite(one).all(axis=1) & np.isfinite(two).all(axis=1)
    return one[both], two[both]


def _deproject(picture: DepthPicture, pixels: Array) -> Array:
    # The median of a few pixels: a single one of a stereo camera may be a flying pixel or a hole.
    height, width = picture.depth.shape
    columns = np.clip(np.round(pixels[:, 0]).astype(int), 0, width - 1)
    rows = np.clip(np.round(pixels[:, 1]).astype(int), 0, height - 1)
    depths = np.full(len(pixels), np.nan)
    for i, (v, u) in enumerate(zip(rows, columns)):
        window = picture.depth[max(v - 2, 0) : v + 3, max(u - 2, 0) : u + 3]
        valid = window[np.isfinite(window) & (window > 0)]
        if 2 * valid.size > window.size:
            depths[i] = np.median(valid)
    return picture.camera.deproject(pixels, depths)


def _rigid(one: Array, two: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    band = _BAND * float(np.median(np.linalg.norm(one, axis=1)))
    best = np.zeros(len(one), dtype=bool)
    for _ in range(_TRIALS):
        chosen = rng.choice(len(one), 3, replace=False)
        kept = _follows(one, two, chosen, band)
        if np.count_nonzero(kept) > np.count_nonzero(best):
            best = kept
    for _ in range(3):
        if np.count_nonzero(best) >= 3:
            best = _follows(one, two, best, band)
    return best


def _follows(one: Array, two: Array, chosen: NDArray, band: float) -> NDArray[np.bool_]:
    try:
        motion, _ = kabsch(one[chosen], two[chosen])
    except GeometryError:
        return np.zeros(len(one), dtype=bool)
    return np.linalg.norm(transform(motion, one) - two, axis=1) <= band
