"""Where an object of the simulated cell truly is, and what it covers there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, cap_point
from dense_grasp_assets.solids.solid import Solid, solid_point
from dense_grasp_core.geometry.se3 import kabsch, transform
from numpy.typing import NDArray

from dense_grasp_bench.session import CellSession
from dense_grasp_bench.surface_samples import samples

Array = NDArray[np.float64]
#: Points (part, u, v) that do not lie on one plane.
_OF_CAP = [("crown", 0.0, 0.5), ("crown", 0.25, 0.5), ("crown", 0.5, 0.5), ("crown", 0.75, 0.5), ("brim", 0.5, 0.9)]
_OF_SOLID = [("top", 0.0, 0.0), ("top", 1.0, 0.0), ("top", 0.0, 1.0), ("bottom", 0.5, 0.5)]
_CELL = 0.005  # m
_STILL = 1e-4  # m
_SAMPLES = 20_000


def true_pose(session: CellSession, thing: CapMesh | Solid, owner: str = "") -> Array:
    """base_from_object (4, 4) of what can be picked up; owner: "carton/" for what stands beside it."""
    if isinstance(thing, Solid):
        points, local = _OF_SOLID, [solid_point(thing, *point) for point in _OF_SOLID]
    else:
        points, local = _OF_CAP, [cap_point(thing.params, *point) for point in _OF_CAP]
    truth = session.truth([(owner + part, u, v) for part, u, v in points]).positions
    return kabsch(np.array(local), np.array([[p.x, p.y, p.z] for p in truth]))[0]


def at_rest(session: CellSession, thing: CapMesh | Solid) -> Callable[[], bool]:
    """Asks whether no corner of what can be picked up has moved by 0.1 mm since the question before."""
    last: list[Array] = []

    def asked() -> bool:
        corners = transform(true_pose(session, thing), thing.vertices)
        still = bool(last) and float(np.abs(corners - last.pop()).max()) < _STILL
        last.append(corners)
        return still

    return asked


def covered_middle(thing: CapMesh | Solid, base_from_thing: Array) -> Array:
    """(2,) m, base frame: the middle of the area that a thing at a pose (4, 4) covers as seen from above."""
    vertices = transform(base_from_thing, thing.vertices)
    seen = samples(vertices, thing.faces.astype(np.int64), _SAMPLES)[:, :2]
    cells = np.unique(np.floor(seen / _CELL).astype(np.int64), axis=0)
    return np.asarray((cells + 0.5).mean(axis=0) * _CELL)
