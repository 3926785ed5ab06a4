"""What stands on the table, from the points that a depth camera saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.cell_measures.table_plane import Plane, PlaneError, fit_plane
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.connected import connected
from dense_grasp_core.motion.voxel_boxes import thin

Array = NDArray[np.float64]
#: m above the table from which on a point counts as of something that stands there.
ABOVE = 0.012
_CELL = 0.005  # m
_GAP = 7.0  # cells from middle to middle: 3 cm part two objects, less is what a depth camera misses of one
_FEWEST_CELLS = 12  # 3 cm2 of surface
_SECOND_OBJECT = 0.3  # of the largest one's cells
#: m and degrees by which a camera whose mount is a little off shows the table elsewhere.
_TABLE_BAND, _TABLE_TILT = 0.05, 6.0
_EYE = 0.6  # m above the table, about from where it is looked at


class NoObjectError(DenseGraspError):
    """No object stands where one was looked for."""


class SeveralObjectsError(DenseGraspError):
    """Several objects stand where one was looked for."""


@dataclass(frozen=True)
class TableObject:
    """An object on the table, base frame, m: its points (n, 3) by cells of 5 mm; low, high: corners (3,) of their box,
    which begins at the table; centre (3,): the box's middle; radius: of the ball around the centre that holds all.
    """

    points: Array
    low: Array
    high: Array

    @property
    def centre(self) -> Array:
        """Middle of the box (3,)."""
        middle: Array = (self.low + self.high) / 2.0
        return middle

    @property
    def radius(self) -> float:
        """Distance of the farthest point from the centre, and of the farthest of the footprint on the table."""
        on_table = self.points.copy()
        on_table[:, 2] = self.low[2]
        every = np.concatenate([self.points, on_table])
        return float(np.linalg.norm(every - self.centre, axis=1).max())

    @property
    def size(self) -> Array:
        """Edges of the box (3,)."""
        edges: Array = self.high - self.low
        return edges


def find_table_object(
    points_base: Array,
    table_height: float,
    low: Array,
    high: Array,
    centre: Array | None = None,
    radius: float = 0.0,
) -> TableObject:
    """The object that stands on the table in the box `low` to `high` (3,), of the points (n, 3), all in the base frame.

    With a centre (3,) and a radius: within so many m of it, seen from above, the largest one there. Heights count from
    the table as it is seen, which a camera whose mount is a little off shows too high or tilted. Raises NoObjectError,
    and without a radius SeveralObjectsError when a second one is not much smaller.
    """
    points = np.asarray(points_base, dtype=float)
    inside = _standing(points, table_height, low, high)
    if centre is not None and radius > 0.0:
        inside &= np.hypot(*(points[:, :2] - centre[:2]).T) <= radius
        where = f"within {radius:.2f} m of ({centre[0]:.3f}, {centre[1]:.3f}) m"
    else:
        where = f"between ({low[0]:.2f}, {low[1]:.2f}) and ({high[0]:.2f}, {high[1]:.2f}) m"
    cells = thin(points[inside], _CELL)
    pieces = _pieces(cells)
    if not pieces:
        raise NoObjectError(
            f"nothing stands on the table {where}: {len(cells)} cells of {1000 * _CELL:.0f} mm lie more than "
            f"{1000 * ABOVE:.0f} mm above it (table_height {table_height:.3f} m), expected {_FEWEST_CELLS} or more "
            "that hang together"
        )
    large = [piece for piece in pieces if len(piece) > _SECOND_OBJECT * len(pieces[0])]
    if len(large) > 1 and not radius > 0.0:
        places = " and ".join("({:.2f}, {:.2f})".format(*piece.mean(axis=0)[:2]) for piece in large)
        raise SeveralObjectsError(
            f"{len(large)} objects stand on the table, at {places} m, expected one: take the others away, or name its "
            "place by centre and radius"
        )
    own = pieces[0]
    over = np.any((own[:, :2] - low[:2] < _CELL) | (high[:2] - own[:, :2] < _CELL))
    if over or (radius > 0.0 and centre is not None and np.hypot(*(own[:, :2] - centre[:2]).T).max() > radius - _CELL):
        x, y = own[:, :2].mean(axis=0)
        raise NoObjectError(
            f"no whole object stands on the table {where}: the one at ({x:.3f}, {y:.3f}) m reaches over the edge of "
            "it; put it nearer to the middle"
        )
    return _on_table(own, table_height)


def standing_objects(points_base: Array, table_height: float, low: Array, high: Array) -> list[TableObject]:
    """All that stands on the table between `low` and `high`, the largest first. Arguments as find_table_object."""
    points = np.asarray(points_base, dtype=float)
    pieces = _pieces(thin(points[_standing(points, table_height, low, high)], _CELL))
    return [_on_table(piece, table_height) for piece in pieces]


def table_elsewhere(points_base: Array, table_height: float, low: Array, high: Array) -> str:
    """What is said where the plane that most points (n, 3) over the box lie on is no table at table_height, as with a
    camera whose mount is far off; empty where it is, or there is no plane.
    """
    middle = (low[:2] + high[:2]) / 2.0
    plane = _table_seen(np.asarray(points_base, dtype=float), table_height, low, high, np.inf)
    if plane is None:
        return ""
    off = plane.height_at(*middle) - table_height
    if plane.tilt <= _TABLE_TILT and abs(off) <= _TABLE_BAND:
        return ""
    side = "above" if off > 0.0 else "below"
    return (
        f"most of what is seen over the workspace is a plane {1000.0 * abs(off):.0f} mm {side} the table (table_height "
        f"{table_height:.3f} m), tilted by {plane.tilt:.0f}°"
    )


def _on_table(cells: Array, table_height: float) -> TableObject:
    low = np.array([*(cells.min(axis=0)[:2] - _CELL / 2.0), table_height])
    return TableObject(cells, low, cells.max(axis=0) + _CELL / 2.0)


def _standing(points: Array, table_height: float, low: Array, high: Array) -> NDArray[np.bool_]:
    """(n,) True for points of what stands on the table in the box."""
    above = _above_table(points, table_height, low, high)
    inside = (above > ABOVE) & (table_height + above <= high[2])
    inside &= np.all((points[:, :2] >= low[:2]) & (points[:, :2] <= high[:2]), axis=1)
    return np.asarray(inside)


def _above_table(points: Array, table_height: float, low: Array, high: Array) -> Array:
    """Heights (n,) m above the table as seen; above table_height where what is seen there is no table."""
    plane = _table_seen(points, table_height, low, high, _TABLE_BAND)
    if plane is None or plane.tilt > _TABLE_TILT:
        return points[:, 2] - table_height
    return plane.distances(points)


def _table_seen(points: Array, table_height: float, low: Array, high: Array, band: float) -> Plane | None:
    """The plane that most points over the box, and within `band` m of the table's height, lie on."""
    over = np.all((points[:, :2] > low[:2]) & (points[:, :2] < high[:2]), axis=1)
    eye = np.array([*(low[:2] + high[:2]) / 2.0, table_height + _EYE])
    try:
        return fit_plane(points[over & (np.abs(points[:, 2] - table_height) < band)], eye)
    except PlaneError:
        return None


def _pieces(cells: Array) -> list[Array]:
    """Cells (n, 3) by the object that they belong to, the most first: seen from above, a gap parts two objects."""
    if not len(cells):
        return []
    places, of_cell = np.unique(np.floor(cells[:, :2] / _CELL), axis=0, return_inverse=True)
    piece = connected(places, _GAP)[of_cell.ravel()]
    pieces = [cells[piece == number] for number in range(piece.max() + 1)]
    return sorted((piece for piece in pieces if len(piece) >= _FEWEST_CELLS), key=len, reverse=True)


def space_under(table_object: TableObject, height: float, margin: float, voxel: float) -> Array:
    """Points (n, 3), one a cell of `voxel` m, of the space that a look from above says nothing of: the box around the
    object, `margin` m wider, from the table up to `height` m above it and to `margin` above the object.
    """
    low = table_object.low - np.array([margin, margin, 0.0])
    high = table_object.high + margin
    high[2] = max(high[2], table_object.low[2] + height)
    axes = [np.arange(a + voxel / 2.0, b + voxel / 2.0, voxel) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inner = grid[1:-1, 1:-1, :-1].reshape(-1, 3)
    every = grid.reshape(-1, 3)
    # The shell is enough: nothing gets inside without touching it.
    kept = np.ones(len(every), dtype=bool)
    if len(inner):
        box = np.all((every > inner.min(axis=0) - voxel / 4) & (every < inner.max(axis=0) + voxel / 4), axis=1)
        kept = ~box
    return every[kept]
