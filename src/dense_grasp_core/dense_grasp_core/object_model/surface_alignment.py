"""Two surfaces of one object drawn together where both have it, from a motion that is nearly right.

Points of one are drawn to the planes of the other's (Chen and Medioni, "Object modelling by registration of multiple
range images", 1992), the less the farther away (Geman and McClure). The motion given holds where shapes say nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dense_grasp_core.geometry.se3 import exp, inverse, log, transform
from dense_grasp_core.object_model.fused_surface import Surface

Array = NDArray[np.float64]
_VOXELS_ACROSS = 100  # of an object's size, as of its fused surface
_REACH = 5.0  # voxels, within which two surfaces are one
_SAME_SIDE = 0.7  # cosine between their normals
_FEWEST = 6
_POINTS = 4000
_STEPS = 25
_INDEPENDENT = 60.0  # of the common points; the others repeat what these say


def aligned(
    second_from_first: Array, spread: tuple[float, float], first: Surface, second: Surface
) -> tuple[Array, float, float]:
    """The motion after the surfaces have drawn together, the median distance of what both have, m, and the share of
    the first that is. spread: deviation of the motion given, rad and m, which holds it where shapes say nothing, as a
    can does of its turn.
    """
    size = float(np.linalg.norm(np.ptp(first.points, axis=0)))
    voxel = size / _VOXELS_ACROSS
    chosen = np.random.default_rng(0).permutation(len(first.points))[:_POINTS]
    points, normals = first.points[chosen], first.normals[chosen]
    centre = transform(second_from_first, points.mean(0))
    tree = cKDTree(second.points)
    holding = np.repeat(1.0 / np.square(spread), 3)
    motion, off, common = second_from_first, np.zeros(0), 0.0
    for _ in range(_STEPS):
        places, facing = transform(motion, points), normals @ motion[:3, :3].T
        away, nearest = tree.query(places, distance_upper_bound=_REACH * voxel)
        both = np.isfinite(away)
        both[both] = np.sum(facing[both] * second.normals[nearest[both]], axis=1) > _SAME_SIDE
        common = float(both.mean())
        if both.sum() < _FEWEST:
            return motion, float("inf"), common
        planes = second.normals[nearest[both]]
        off = np.sum((places[both] - second.points[nearest[both]]) * planes, axis=1)
        noise = max(0.2 * voxel, 1.5 * float(np.median(np.abs(off))))
        weights = 1.0 / (1.0 + np.square(off / (2.0 * noise))) ** 2  # Geman and McClure's
        weights *= min(1.0, _INDEPENDENT / len(off)) / noise**2
        system = np.concatenate([np.cross(places[both] - centre, planes), planes], axis=1)
        since = _from_start(motion, second_from_first, centre)
        information = system.T @ (weights[:, None] * system) + np.diag(holding)
        step = -np.linalg.solve(information, system.T @ (weights * off) + holding * since)
        motion = _about(centre, step) @ motion
        if np.linalg.norm(step[:3]) < 1e-5 and np.linalg.norm(step[3:]) < 1e-6:
            break
    return motion, float(np.median(np.abs(off))), common


def _about(centre: Array, step: Array) -> Array:
    """The motion (4, 4) that turns by a rotation vector about a centre (3,), and shifts: step (6,), rad and m."""
    turn = exp(np.concatenate([np.zeros(3), step[:3]]))
    turn[:3, 3] = centre - turn[:3, :3] @ centre + step[3:]
    return turn


def _from_start(motion: Array, start: Array, centre: Array) -> Array:
    """Rotation vector and shift of the centre (6,) from one motion to another."""
    change = motion @ inverse(start)
    return np.concatenate([log(change)[3:], transform(change, centre) - centre])
