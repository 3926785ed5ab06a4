"""The shape that fits the outlines of an object in all pictures, and its depth in each of them.

Laurentini, The visual hull concept for silhouette-based image understanding, PAMI 1994. A voxel belongs to it where
nearly all pictures that look at it have it inside their outline; a few may be hidden by other things.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanError
from numpy.typing import NDArray

from dense_grasp_train.render.raycast import RayCaster, RenderMesh

Array = NDArray[np.float64]
_INSIDE = 0.85  # of the pictures that look at a voxel
_FEWEST_LOOKS = 3


def carved(
    masks: Sequence[NDArray[np.bool_]],
    camera: CameraModel,
    camera_from_world: Array,
    low: Array,
    high: Array,
    across: int = 96,
) -> tuple[Array, NDArray[np.int64]]:
    """Vertices (n, 3) and triangles (m, 3) of the hull in the box low (3,) to high (3,), ``across`` voxels long.

    Raises ScanError when nothing is left.
    """
    from skimage.measure import marching_cubes

    step = float((high - low).max()) / across
    axes = [np.arange(a - 2 * step, b + 3 * step, step) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    looks, inside = np.zeros(len(grid), np.int32), np.zeros(len(grid), np.float32)
    for mask, pose in zip(masks, camera_from_world, strict=True):
        pixels, within = camera.nearest_pixels(camera.project(transform(pose, grid)))
        u, v = pixels.T
        looks += within
        inside[within] += mask[v[within], u[within]]
    share = np.where(looks >= _FEWEST_LOOKS, inside / np.maximum(looks, 1), 0.0)
    share[grid[:, 2] < low[2]] = 0.0
    volume = share.reshape([len(axis) for axis in axes])
    volume[[0, -1]] = volume[:, [0, -1]] = volume[:, :, [0, -1]] = 0.0
    if not (volume >= _INSIDE).any():
        raise ScanError(
            "no place lies inside the outlines in nearly all pictures: look at the masks, and give better "
            "ones with --masks"
        )
    vertices, faces, *_ = marching_cubes(volume, _INSIDE, spacing=(step, step, step))
    return vertices + [axis[0] for axis in axes], faces.astype(np.int64)


def depth_of_hull(
    vertices: Array, faces: NDArray[np.int64], camera: CameraModel, camera_from_world: Array
) -> list[Array]:
    """Depth (H, W) of the hull in each picture, metres, 0 off it."""
    nothing = np.zeros((len(vertices), 2))
    mesh = RenderMesh(vertices, faces, np.zeros_like(vertices), nothing, np.zeros((1, 1, 3), np.uint8))
    caster = RayCaster([mesh])
    return [caster.cast(camera, inverse(pose)).depth for pose in camera_from_world]
