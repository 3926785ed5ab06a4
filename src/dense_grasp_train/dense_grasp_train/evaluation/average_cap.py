"""Surface coordinates as points of one average cap, so that distances between places are metres."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np
from dense_grasp_assets.cap.mesh import PART_NAMES, CapParams, cap_point, make_cap_params
from numpy.typing import NDArray

_INSIDE = ("sweatband", "inner_crown", "brim_under")
_SIDE_M = 0.025
_SAMPLE = 64
_TABLE = 257


@lru_cache(maxsize=1)
def average_cap() -> CapParams:
    """Shape parameters averaged over the first training caps, without dents."""
    drawn = [make_cap_params(seed) for seed in range(_SAMPLE)]
    names = [f.name for f in dataclasses.fields(CapParams) if isinstance(getattr(drawn[0], f.name), float)]
    means: dict[str, Any] = {name: float(np.mean([getattr(params, name) for params in drawn])) for name in names}
    return dataclasses.replace(drawn[0], dents=(), **means)


def places(part: NDArray, part_uv: NDArray) -> NDArray:
    """Places (n, 4) of part ids (n,) and (u, v) (n, 2): point on the average cap and -/+ 2.5 cm for inside / outside.

    The fourth coordinate keeps the two faces of the 2.5 mm shell apart when the nearest place is looked up. Points are
    interpolated from a table, exact to 0.2 mm.
    """
    cells = np.clip(np.asarray(part_uv, np.float32), 0.0, 1.0) * (_TABLE - 1)
    low = np.minimum(cells.astype(np.int64), _TABLE - 2)
    x, y = (cells - low).T[..., None]
    table = _table()
    index = np.asarray(part, np.int64)
    corner = [table[index, low[:, 0] + i, low[:, 1] + j] for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))]
    return (corner[0] * (1 - x) + corner[1] * x) * (1 - y) + (corner[2] * (1 - x) + corner[3] * x) * y


@lru_cache(maxsize=1)
def _table() -> NDArray:
    """(parts, u, v, 4) float32 places on a regular grid of (u, v)."""
    u, v = np.meshgrid(np.linspace(0, 1, _TABLE), np.linspace(0, 1, _TABLE), indexing="ij")
    out = np.empty((len(PART_NAMES), _TABLE, _TABLE, 4), np.float32)
    for index, name in enumerate(PART_NAMES):
        out[index, ..., :3] = cap_point(average_cap(), name, u, v)
        out[index, ..., 3] = -_SIDE_M if name in _INSIDE else _SIDE_M
    return out
