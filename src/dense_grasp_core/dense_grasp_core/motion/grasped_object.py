"""The object between the fingers: cut out of what the depth camera saw, and carried by the hand from then on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.motion.voxel_boxes import merge_cells, thin

Array = np.ndarray
#: m, edge of the cells that a held object is made of: it need not be as fine as what is to be grasped.
HELD_VOXEL = 0.02
#: m between two points of one object at most.
GAP = 0.02


@dataclass(frozen=True)
class HeldObject:
    """What the fingers hold, as boxes along the axes of the tool centre point's frame: `centres`, `sizes` (N, 3) m."""

    centres: Array
    sizes: Array


def split_object(points: Array, target: Array, gap: float = GAP) -> tuple[Array, Array]:
    """The object at `target` (3,) and the rest of the points (N, 3) m, which hold nothing that it stands on.

    The object is what hangs together with the point nearest to the target by steps of at most about `gap` m; two
    things that touch are one. Without any point: two empty arrays.
    """
    if not len(points):
        return points, points
    cells = np.floor(points / gap).astype(np.int64)
    cells -= cells.min(axis=0)
    grid = np.zeros(cells.max(axis=0) + 1, dtype=bool)
    grid[tuple(cells.T)] = True
    labels, _ = ndimage.label(grid, structure=np.ones((3, 3, 3), dtype=bool))
    of_point = labels[tuple(cells.T)]
    nearest = int(np.argmin(np.linalg.norm(points - np.asarray(target, dtype=float), axis=1)))
    same = of_point == of_point[nearest]
    return points[same], points[~same]


def held_object(points: Array, base_from_tcp: Array, voxel: float = HELD_VOXEL) -> HeldObject | None:
    """Points (N, 3) m of an object in the base frame as boxes in the frame of the hand that closed at the pose (4, 4).

    None without points.
    """
    if not len(points):
        return None
    return HeldObject(*merge_cells(thin(transform(inverse(base_from_tcp), points), voxel), voxel))


def down_to(points: Array, height: float, voxel: float = HELD_VOXEL) -> Array:
    """The points (N, 3) m of an object and, under each, points down to the height (m) of what it stands on.

    A camera above it sees the top alone; what is below may be there, so the hand does not carry it through anything.
    """
    if not len(points):
        return points
    cells = np.round(points / voxel).astype(np.int64)
    order = np.lexsort((cells[:, 2], cells[:, 1], cells[:, 0]))
    _, first = np.unique(cells[order][:, :2], axis=0, return_index=True)
    # The lowest point of each column of cells: between it and those above there is nothing that was seen.
    columns = [
        np.column_stack([np.repeat(low[None, :2], len(steps), axis=0), steps])
        for low in points[order][first]
        for steps in [np.append(np.arange(low[2], height, -voxel), height)]
    ]
    return np.concatenate([points, *columns])


def inside_held(points: Array, held: HeldObject, base_from_tcp: Array, margin: float) -> Array:
    """(N,) True for points (N, 3) m of the base frame within `margin` m of what the hand at the pose (4, 4) holds."""
    local = transform(inverse(base_from_tcp), points)
    inside = np.zeros(len(points), dtype=bool)
    for centre, size in zip(held.centres, held.sizes, strict=True):
        inside |= np.all(np.abs(local - centre) <= size / 2 + margin, axis=1)
    return inside
