"""Masks of an object that stands on a table, from posed pictures with depth: what stands above the table, fused.

Each picture's depth says roughly where the object is. The surface that the pictures agree on, drawn back into each of
them, adds what that picture's own depth misses: thin, dark and shiny parts, and what lies in the shadow of the second
imager. What a picture's depth shows to be table behind the drawn surface is taken away again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.fused_surface import Surface, fuse
from dense_grasp_core.object_model.scan import FEWEST_PIXELS, ScanError, ScanView
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.table_object import TableObject

Array = NDArray[np.float64]
_ON_TABLE = 0.004  # m above the table up to which a single depth is the table's
_AROUND = 0.025  # m around the object as seen from above, which belongs to it when it stands above the table
_CELL = 0.005  # m, of the footprint
_TABLE_BAND = 0.02  # m about the nominal height in which the table is looked for
_FEWEST_TABLE = 500
_KNOWN = 0.5  # of a mask that must have depth for the picture to be of use


@dataclass(frozen=True)
class TablePlane:
    """z = slope . (x, y) + height, base frame: slope (2,), height m."""

    slope: Array
    height: float

    def above(self, points: Array) -> Array:
        """Heights (n,) m of points (n, 3) above the table."""
        return points[:, 2] - points[:, :2] @ self.slope - self.height


def scan_views(pictures: Sequence[PosedPicture], table_object: TableObject) -> tuple[list[ScanView], Surface, Array]:
    """The pictures that show the object, as views of its scan, named by their number; its surface; and
    base_from_object (4, 4).

    The object's frame has the axes of the base, its origin on the table under the middle of what was seen from above.
    Raises ScanError when the pictures agree on next to nothing, or fewer than two show it.
    """
    table = table_under(pictures, table_object)
    base_from_object = np.eye(4)
    base_from_object[:3, 3] = table_object.centre
    base_from_object[2, 3] -= table.above(table_object.centre[None])[0]
    footprint = _Footprint.of(table_object)
    named = {f"{number:03d}": picture for number, picture in enumerate(pictures)}
    rough = [_rough(name, picture, table, footprint, base_from_object) for name, picture in named.items()]
    seen = [view for view in rough if view.mask.sum() >= FEWEST_PIXELS]
    if len(seen) < 2:
        raise ScanError(f"{len(seen)} of {len(pictures)} pictures show the object, expected two or more")
    surface = fuse(seen)
    views = [replace(view, mask=_refined(view, surface, _heights(named[view.name], table))) for view in rough]
    views = [view for view in views if _is_of_use(view)]
    if len(views) < 2:
        raise ScanError(f"{len(views)} of {len(pictures)} pictures show the object's surface, expected two or more")
    return views, fuse(views), base_from_object


def table_under(pictures: Sequence[PosedPicture], table_object: TableObject) -> TablePlane:
    """The table around the object, by all pictures: a camera's mount and a table's height are right to millimetres
    only. The table as it was given where too little of it is seen.
    """
    nominal = float(table_object.low[2])
    reach = float(np.hypot(*table_object.size[:2]))
    points = np.concatenate([picture.points_base(4) for picture in pictures])
    away = np.hypot(*(points[:, :2] - table_object.centre[:2]).T)
    points = points[(np.abs(points[:, 2] - nominal) < _TABLE_BAND) & (away > reach / 2) & (away < reach + 0.05)]
    if len(points) < _FEWEST_TABLE:
        return TablePlane(np.zeros(2), nominal)
    kept = points
    for _ in range(3):
        system = np.column_stack([kept[:, :2], np.ones(len(kept))])
        solution = np.linalg.lstsq(system, kept[:, 2], rcond=None)[0]
        off = np.abs(TablePlane(solution[:2], float(solution[2])).above(points))
        kept = points[off < max(0.002, 2.0 * float(np.median(off)))]
    return TablePlane(solution[:2], float(solution[2]))


@dataclass(frozen=True)
class _Footprint:
    """Cells of the table that belong to the object, and some around: grid (X, Y) bool from `low` (2,), m; top: z, m."""

    grid: NDArray[np.bool_]
    low: Array
    top: float

    @classmethod
    def of(cls, table_object: TableObject) -> _Footprint:
        low = table_object.low[:2] - 2.0 * _AROUND
        shape = np.ceil((table_object.high[:2] + 2.0 * _AROUND - low) / _CELL).astype(int)
        grid = np.zeros(shape, np.uint8)
        i, j = ((table_object.points[:, :2] - low) / _CELL).astype(int).T
        grid[i, j] = 1
        reach = round(_AROUND / _CELL)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        return cls(cv2.dilate(grid, kernel) > 0, low, float(table_object.high[2]) + _AROUND)

    def holds(self, points: Array) -> NDArray[np.bool_]:
        """Whether points (n, 3), base frame, are over these cells."""
        cells = np.floor((points[:, :2] - self.low) / _CELL).astype(int)
        inside = np.all((cells >= 0) & (cells < self.grid.shape), axis=1) & (points[:, 2] < self.top)
        found = np.zeros(len(points), dtype=bool)
        found[inside] = self.grid[tuple(cells[inside].T)]
        return found


def _heights(picture: PosedPicture, table: TablePlane) -> NDArray[np.float32]:
    """Height (H, W) m above the table of what each pixel's depth shows, NaN without one."""
    heights = np.full(picture.depth.shape, np.nan, np.float32)
    heights[picture.depth > 0.0] = table.above(picture.points_base())
    return heights


def _rough(
    name: str, picture: PosedPicture, table: TablePlane, footprint: _Footprint, base_from_object: Array
) -> ScanView:
    points = picture.points_base()
    mask = np.zeros(picture.depth.shape, dtype=bool)
    mask[picture.depth > 0.0] = footprint.holds(points) & (table.above(points) > _ON_TABLE)
    pose = inverse(picture.base_from_camera) @ base_from_object
    return ScanView(name, picture.rgb, picture.depth, mask, picture.camera, pose)


def _refined(view: ScanView, surface: Surface, above: NDArray[np.float32]) -> NDArray[np.bool_]:
    drawn = _drawn(view, surface)
    tolerance = 4.0 * surface.voxel
    shown, known = np.isfinite(drawn), view.depth > 0.0
    table = known & (above < _ON_TABLE)
    behind = known & (view.depth > drawn + tolerance)
    hidden = known & (view.depth < drawn - tolerance)
    near = cv2.dilate(shown.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    mask = (shown & ~(table & behind) & ~hidden) | (view.mask & near)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return _largest(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))


def _drawn(view: ScanView, surface: Surface) -> NDArray[np.float32]:
    """Depth (H, W) of the surface drawn into the view, each point as a disc of about a voxel; infinite off it."""
    points_camera = transform(view.pose, surface.points)
    pixels, inside = view.camera.nearest_pixels(view.camera.project(points_camera))
    u, v = pixels[inside].T
    depth = np.full(view.depth.shape, np.inf, np.float32)
    np.minimum.at(depth, (v, u), points_camera[inside, 2].astype(np.float32))
    middle = float(np.median(points_camera[:, 2]))
    radius = max(1, round(_DISC * surface.voxel * view.camera.fx / middle))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    drawn = cv2.erode(np.where(np.isfinite(depth), depth, np.float32(1e9)), kernel)
    return np.where(drawn < 1e8, drawn, np.float32(np.inf))


_DISC = 0.45  # radius of a drawn point, in voxels


def _largest(mask: NDArray) -> NDArray[np.bool_]:
    """The largest piece of a mask (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if len(stats) < 2:
        return mask > 0
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _is_of_use(view: ScanView) -> bool:
    known = (view.mask & (view.depth > 0.0)).sum()
    return bool(view.mask.sum() >= FEWEST_PIXELS and known >= _KNOWN * view.mask.sum())
