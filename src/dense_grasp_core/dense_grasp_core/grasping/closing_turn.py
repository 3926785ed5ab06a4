"""A thin wall that is not parallel to the finger pads turns when they close on it, and the object with it."""

from __future__ import annotations

import numpy as np

from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.grasping.interfaces import Array

#: m around the tool centre point, along the pads, across them and along the approach: what they press flat.
_WINDOW = np.array([0.02, 0.02, 0.03])
_LEAST_POINTS = 8
#: Variance along the wall over that across it: below it is no thin wall.
_THIN = 10.0
#: rad. A wall that is turned further is not the one between the pads.
_MOST = np.radians(30.0)


def flat_between_pads(points: Array, base_from_tcp: Array) -> Array:
    """base_from_tcp (4, 4) of the hand that would hold the object as it was seen, without turning it.

    points: (N, 3) m, base frame, as they were before the fingers closed at `base_from_tcp`, whose y closes. It is
    turned about its approach until a thin wall between its pads is parallel to them; without one it stays.
    """
    local = transform(inverse(base_from_tcp), np.asarray(points, dtype=float).reshape(-1, 3))
    between = local[(np.abs(local) < _WINDOW).all(axis=1)][:, :2]
    if len(between) < _LEAST_POINTS:
        return base_from_tcp
    spread, axes = np.linalg.eigh(np.cov(between.T))
    along = axes[:, 1] * (1.0 if axes[0, 1] >= 0.0 else -1.0)
    angle = float(np.arctan2(along[1], along[0]))
    if spread[1] < _THIN * spread[0] or abs(angle) > _MOST:
        return base_from_tcp
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return np.asarray(base_from_tcp @ turned)
