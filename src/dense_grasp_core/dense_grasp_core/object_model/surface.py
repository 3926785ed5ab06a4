"""The surface of a scanned object as a pose needs it: samples with normals, and which of them a pose can show.

Unlike `fused_surface` it asks no agreement of views: two views make a bank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, turn_towards
from dense_grasp_core.object_model.scan import ScanView

Array = NDArray[np.float64]
_SAMPLES = 400  # of each view
_NEIGHBOURS = 30  # of a point, whose plane gives its normal: enough to smooth a stereo camera's noise
_GRID = 40  # cells along the object, in which the surface's nearest depth is kept
_HIDDEN_SHARE = 0.15  # of the radius, by which other surface must lie in front
_FACING = 0.15  # cosine between the surface's normal and the ray; beyond it cameras measure nothing


def sampled_surface(views: Sequence[ScanView]) -> tuple[Array, Array]:
    """Points (n, 3) and outward unit normals (n, 3) of the object seen in the views, object's frame, metres."""
    rng = np.random.default_rng(0)
    points, towards = [], []
    for view in views:
        pixels = view.surface_pixels()
        of_view = view.points(pixels[rng.integers(0, len(pixels), _SAMPLES)])
        points.append(of_view)
        towards.append(-view.pose[:3, :3].T @ view.pose[:3, 3] - of_view)
    every = np.concatenate(points)
    return every, _normals(every, np.concatenate(towards))


def sphere_around(surface: Array) -> tuple[Array, float]:
    """Centre (3,) and radius, metres, of the sphere around points (n, 3) of a surface, without stray ones."""
    low, high = np.percentile(surface, [0.5, 99.5], axis=0)
    centre = (low + high) / 2.0
    return centre, float(np.percentile(np.linalg.norm(surface - centre, axis=1), 99.5))


def _normals(points: Array, towards_camera: Array) -> Array:
    neighbours = points[cKDTree(points).query(points, min(_NEIGHBOURS, len(points)))[1]]
    centred = neighbours - neighbours.mean(1, keepdims=True)
    normals: Array = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))[1][:, :, 0]
    outward = np.sign(np.sum(normals * towards_camera, 1, keepdims=True))
    return normals * np.where(outward == 0, 1.0, outward)


def covered(
    surface: Array, centre: Array, radius: float, camera_from_object: Array, points: Array
) -> NDArray[np.bool_]:
    """Whether another part of the surface (n, 3) lies clearly in front of each of the points (m, 3), object's frame."""
    middle = transform(camera_from_object, centre)
    look = LookAt(turn_towards(middle), _GRID / 2.2 * float(np.linalg.norm(middle)) / radius, _GRID)
    virtual_from_object = np.eye(4)
    virtual_from_object[:3] = look.camera_from_virtual.T @ camera_from_object[:3]
    nearest = np.full((_GRID, _GRID), np.inf)
    from_surface = transform(virtual_from_object, surface)
    u, v = np.clip(np.rint(look.project(from_surface)), 0, _GRID - 1).astype(int).T
    np.minimum.at(nearest, (v, u), from_surface[:, 2])
    asked = transform(virtual_from_object, points)
    u, v = np.clip(np.rint(look.project(asked)), 0, _GRID - 1).astype(int).T
    return nearest[v, u] < asked[:, 2] - _HIDDEN_SHARE * radius


def facing(camera_from_object: Array, points: Array, normals: Array) -> NDArray[np.bool_]:
    """Whether points (n, 3) with normals (n, 3), object's frame, turn their outside towards the camera."""
    eye = -camera_from_object[:3, :3].T @ camera_from_object[:3, 3]
    rays = eye - points
    return np.asarray(np.sum(rays * normals, 1) > _FACING * np.linalg.norm(rays, axis=1))
