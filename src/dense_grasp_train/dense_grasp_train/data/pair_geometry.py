"""What the cameras of a test pair measured: depth, intrinsics and the motion between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PairGeometry:
    """Depth and cameras of two images.

    camera_matrix_a, camera_matrix_b: (3, 3) pixels. depth_a, depth_b: (H, W) float32 metres along the optical axis, NaN
    off the object and where unknown. b_from_a: (4, 4) what moves the object's points from camera A to camera B, metres;
    None where the images show two objects.
    """

    camera_matrix_a: NDArray
    camera_matrix_b: NDArray
    depth_a: NDArray
    depth_b: NDArray
    b_from_a: NDArray | None = None


def depth_at_pixels(depth: NDArray, pixels: NDArray) -> NDArray:
    """Depth (n,) of the pixels nearest to (n, 2) positions; NaN outside the image or where it is unknown."""
    height, width = depth.shape
    known = np.isfinite(pixels).all(1)
    cells = np.rint(np.where(known[:, None], pixels, -1)).astype(np.int64)
    inside = (cells >= 0).all(1) & (cells < [width, height]).all(1)
    cells = np.clip(cells, 0, [width - 1, height - 1])
    return np.where(inside, depth[cells[:, 1], cells[:, 0]], np.nan)


def lift(camera_matrix: NDArray, pixels: NDArray, depth: NDArray) -> NDArray:
    """Points (n, 3) in the camera's frame of (n, 2) pixels at depth (n,), in the depth's unit."""
    rays = (pixels - camera_matrix[:2, 2]) / camera_matrix[[0, 1], [0, 1]]
    return np.concatenate([rays, np.ones((len(rays), 1))], 1) * np.asarray(depth)[:, None]


def project(camera_matrix: NDArray, points: NDArray) -> NDArray:
    """Pixels (n, 2) of points (n, 3) in the camera's frame; NaN for points that are not in front of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = points[:, :2] / points[:, 2:] * camera_matrix[[0, 1], [0, 1]] + camera_matrix[:2, 2]
    return np.where(points[:, 2:] > 0, pixels, np.nan)


def distance_mm(geometry: PairGeometry, predicted_b: NDArray, truth_b: NDArray) -> NDArray:
    """Millimetres (n,) between the surface points behind predicted and true pixels (n, 2) of image B.

    Infinite where nothing is known behind the predicted pixel: a hand sent there finds no object. NaN where the depth
    of the true pixel is unknown.
    """
    found, wanted = (
        lift(geometry.camera_matrix_b, pixels, depth_at_pixels(geometry.depth_b, pixels))
        for pixels in (np.asarray(predicted_b, float), np.asarray(truth_b, float))
    )
    distance = 1000.0 * np.linalg.norm(found - wanted, axis=1)
    return np.where(np.isnan(wanted[:, 2]), np.nan, np.where(np.isnan(found[:, 2]), np.inf, distance))
