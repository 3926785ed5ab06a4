"""Occupied cells of a grid, and boxes that they join to."""

from __future__ import annotations

from itertools import permutations

import numpy as np

Array = np.ndarray


def thin(points: Array, voxel: float) -> Array:
    """One point (its cell's centre) per occupied cell of `voxel` m."""
    if not len(points):
        return points
    return (np.unique(np.floor(points / voxel).astype(np.int64), axis=0) + 0.5) * voxel


def merge_cells(centres: Array, voxel: float) -> tuple[Array, Array]:
    """Centres and sizes (M, 3) m of the fewest boxes that joining cells (N, 3) gives; together they are the cells."""
    low = np.round(np.asarray(centres, dtype=float) / voxel - 0.5).astype(np.int64).reshape(-1, 3)
    best: tuple[Array, Array] | None = None
    for order in permutations(range(3)):
        boxes = (low, low + 1)
        for axis in order:
            boxes = _join(*boxes, axis)
        if best is None or len(boxes[0]) < len(best[0]):
            best = boxes
    assert best is not None
    return (best[0] + best[1]) * (voxel / 2), (best[1] - best[0]) * voxel


def _join(low: Array, high: Array, axis: int) -> tuple[Array, Array]:
    """Joins boxes (low, high (N, 3) int) that are neighbours along the axis and equal across it."""
    if len(low) < 2:
        return low, high
    across = [i for i in range(3) if i != axis]
    keys = [low[:, axis]] + [part[:, i] for part in (low, high) for i in across]
    order = np.lexsort(keys)
    low, high = low[order], high[order]
    same = np.ones(len(low) - 1, dtype=bool)
    for part in (low, high):
        same &= np.all(part[1:, across] == part[:-1, across], axis=1)
    same &= low[1:, axis] == high[:-1, axis]
    first = np.concatenate([[True], ~same])
    last = np.concatenate([~same, [True]])
    joined = high[last].copy()
    return low[first], joined
