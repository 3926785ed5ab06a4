"""The last step of a pose: reprojected matches and measured depth in one robust least-squares problem.

Residuals of matches in pixels of a virtual picture, and of depth along the surface's normals (Chen and Medioni, "Object
modelling by registration of multiple range images", 1992), both over their own noise, with Huber's weights. The
covariance is that of the solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import exp, hat, transform
from dense_grasp_core.object_model.look_at import LookAt
from dense_grasp_core.object_model.sensed_depth import SensedDepth, shown
from dense_grasp_core.object_model.view_bank import ViewBank

Array = NDArray[np.float64]
_STEPS = 4
_HUBER = 1.345
_LEAST_NOISE_PX = 1.0
_LEAST_NOISE_M = 0.001
_BAND = 0.25  # of the radius: depth that is farther off belongs to something else
_FEWEST_DEPTHS = 12
#: Matches of neighbouring cells and views, and depth of neighbouring pixels, err alike: so many of them count as one
#: (about three neighbours in a picture, four views). Estimated, not yet calibrated on pictures.
MATCHES_ALIKE = 12.0


@dataclass(frozen=True)
class Solution:
    """camera_from_object (4, 4), and its covariance (6, 6): translation of the object's origin (m), then rotation
    vector (rad), both about the camera's axes.
    """

    camera_from_object: Array
    covariance: Array


def solve(
    bank: ViewBank,
    virtual: LookAt,
    points: Array,
    pixels: Array,
    camera_from_object: Array,
    depth: SensedDepth | None = None,
) -> Solution:
    """Refine a pose (4, 4) by matches of points (n, 3), object's frame, with pixels (n, 2) of the virtual picture."""
    pose = camera_from_object.copy()
    information = np.eye(6)
    surface = None if depth is None else shown(bank, pose)
    for _ in range(_STEPS):
        centre = transform(pose, bank.centre)
        rows, residuals, weights = _matches(virtual, transform(pose, points), pixels, centre)
        if depth is not None and surface is not None:
            more = _depths(bank, pose, depth, *surface, centre)
            if more is not None:
                rows, residuals, weights = (np.concatenate(pair) for pair in zip((rows, residuals, weights), more))
        information = rows.T @ (weights[:, None] * rows) + 1e-6 * np.eye(6)
        step = exp(-np.linalg.solve(information, rows.T @ (weights * residuals)))
        # The step turns about the object's middle, so that turn and shift are nearly independent.
        pose[:3, :3] = step[:3, :3] @ pose[:3, :3]
        pose[:3, 3] = step[:3, :3] @ (pose[:3, 3] - centre) + centre + step[:3, 3]
    lever = np.eye(6)
    lever[:3, 3:] = -hat(pose[:3, 3] - transform(pose, bank.centre))
    covariance = MATCHES_ALIKE * lever @ np.linalg.inv(information) @ lever.T
    return Solution(pose, (covariance + covariance.T) / 2.0)


def _matches(virtual: LookAt, points_camera: Array, pixels: Array, centre: Array) -> tuple[Array, Array, Array]:
    x, y, z = (points_camera @ virtual.camera_from_virtual).T
    residuals = virtual.project(np.stack([x, y, z], 1)) - pixels
    zero = np.zeros_like(z)
    by_point = virtual.focal * np.stack(
        [np.stack([1.0 / z, zero, -x / z**2], 1), np.stack([zero, 1.0 / z, -y / z**2], 1)], 1
    )
    by_point = by_point @ virtual.camera_from_virtual.T
    rows = np.concatenate([by_point, _turned(by_point, (points_camera - centre)[:, None])], 2).reshape(-1, 6)
    size = np.linalg.norm(residuals, axis=1)
    # The size of a two-dimensional normal error has its median at 1.18 of the standard deviation of one axis.
    noise = max(_LEAST_NOISE_PX, float(np.median(size)) / 1.18)
    weights = np.repeat(_huber(size / noise) / noise**2, 2)
    return rows, residuals.ravel(), weights


def _depths(
    bank: ViewBank, pose: Array, depth: SensedDepth, points: Array, normals: Array, centre: Array
) -> tuple[Array, Array, Array] | None:
    measured = depth.measured(pose, points)
    points_camera, normals_camera = transform(pose, points), normals @ pose[:3, :3].T
    near = np.abs(measured - points_camera[:, 2]) < _BAND * bank.radius
    if near.sum() < _FEWEST_DEPTHS:
        return None
    points_camera, normals_camera = points_camera[near], normals_camera[near]
    off_surface = points_camera * (1.0 - measured[near] / points_camera[:, 2])[:, None]
    residuals = np.sum(normals_camera * off_surface, 1)
    rows = np.concatenate([normals_camera, _turned(normals_camera, points_camera - centre)], 1)
    noise = max(_LEAST_NOISE_M, 1.48 * float(np.median(np.abs(residuals))))
    return rows, residuals, _huber(np.abs(residuals) / noise) / noise**2


def _turned(gradient: Array, arm: Array) -> Array:
    """Derivative (..., 3) by a rotation vector of what has the gradient (..., 3) by a point at the arm (..., 3)."""
    return np.cross(arm, gradient)


def _huber(size: Array) -> Array:
    return np.minimum(1.0, _HUBER / np.maximum(size, 1e-9))
