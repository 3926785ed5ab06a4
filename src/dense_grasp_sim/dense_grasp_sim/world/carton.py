"""A carton beside the object, for the object to be put on: which one, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_assets.solids.solid import Solid
from numpy.typing import NDArray

from dense_grasp_sim.world.placement import Placement, PlacementError, Workspace
from dense_grasp_sim.world.solid_placement import SolidPlacement

Array = NDArray[np.float64]
#: Kind and seed: the same one in every scene, so that it is scanned once.
CARTON_KIND, CARTON_SEED = "carton", 1
#: Where its middle stands, m: the camera at the observation pose sees all of it, and the arm lets go over it.
CARTON_AREA = Workspace((0.42, 0.58), (-0.18, 0.18))
ROOM = 0.06  # m between it and the object: the hand reaches down between them
_TRIES, _SEED_STEP = 1000, 1_000_003
Place = TypeVar("Place", Placement, SolidPlacement)


def the_carton() -> Solid:
    """The one that stands beside objects."""
    return make_solid(CARTON_KIND, CARTON_SEED)


def with_carton(
    draw: Callable[[int], Place], outline_of: Callable[[Place], Array], seed: int
) -> tuple[Place, SolidPlacement]:
    """The first placement of the object that `draw` gives, for `seed` and seeds far from it, beside which a carton
    drawn from the same seed stands free, and that carton's. outline_of: points (N, 2) m of the object on the table.

    Raises PlacementError when there is none, and what `draw` raises.
    """
    half = 0.5 * the_carton().size[:2]
    for number in range(seed, seed + _TRIES * _SEED_STEP, _SEED_STEP):
        placement, carton = draw(number), _drawn(number)
        if distance(outline_of(placement), carton, half) >= ROOM:
            return placement, carton
    raise PlacementError(f"no carton of {_TRIES} stands {ROOM} m from the object, which is too large or in the middle")


def _drawn(seed: int) -> SolidPlacement:
    rng = np.random.default_rng([0xCA27, seed])
    x, y = (float(rng.uniform(*side)) for side in (CARTON_AREA.x, CARTON_AREA.y))
    return SolidPlacement(x, y, float(rng.uniform(-np.pi, np.pi)))


def distance(points: Array, carton: SolidPlacement, half: Array) -> float:
    """m from the nearest of the points (N, 2) to a carton of half sizes (2,) m as seen from above; 0 on it."""
    c, s = np.cos(carton.yaw), np.sin(carton.yaw)
    local = (points - [carton.x, carton.y]) @ np.array([[c, -s], [s, c]])
    return float(np.linalg.norm(np.maximum(np.abs(local) - half, 0.0), axis=1).min())
