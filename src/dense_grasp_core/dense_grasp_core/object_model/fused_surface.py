"""The surface of a scanned object, fused from the depth of all its views.

Points of all views are averaged in voxels; a voxel is kept where at least two views see a surface and at most half
as many look through it. That takes the flying pixels off the edges of a depth camera's picture, and the noise down by
the root of the number of views. Plain NumPy: a library for it (Open3D, 105 MB for its processor wheel) would be one of
the largest on the robot, and what a pose is refined on are points, not triangles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.connected import connected
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.scan_files import file_bytes

Array = NDArray[np.float64]
_VOXELS_ACROSS = 100  # of the object's size
_SAMPLES = 40_000  # of each view
_FEWEST_POINTS = 100
_APART = 0.06  # of the object's size: a gap between two objects
_SECOND_OBJECT = 0.1  # of all points
_ROW = np.dtype([("numbers", "<f4", 6), ("colour", "u1", 3)])


@dataclass(frozen=True)
class Surface:
    """points (n, 3) of the object's frame, metres; normals (n, 3), outwards; colours (n, 3) uint8; voxel, metres, NaN
    where it was read from a file.
    """

    points: Array
    normals: Array
    colours: NDArray[np.uint8]
    voxel: float

    def ply(self) -> bytes:
        """The points as a binary PLY file in metres."""
        rows = np.empty(len(self.points), _ROW)
        rows["numbers"] = np.concatenate([self.points, self.normals], axis=1)
        rows["colour"] = self.colours
        return _header(len(self.points)) + rows.tobytes()


def _header(points: int) -> bytes:
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        "comment metres",
        f"element vertex {points}",
        *(f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
        "end_header\n",
    ]
    return "\n".join(lines).encode()


def read_surface(path: Path) -> Surface:
    """The surface in a file that `Surface.ply` made. Raises ScanError that names it for any other one."""
    data = file_bytes(path).tobytes()
    counted = re.search(rb"\nelement vertex (\d{1,9})\n", data[:200])
    header = _header(int(counted[1])) if counted else b""
    if not counted or not data.startswith(header) or len(data) - len(header) != int(counted[1]) * _ROW.itemsize:
        raise ScanError(
            f"{path} ({len(data)} bytes) is no surface of a scan, expected the whole PLY file that a scan is kept with"
        )
    rows = np.frombuffer(data, _ROW, offset=len(header))
    numbers = rows["numbers"].astype(float)
    if not np.isfinite(numbers).all():
        raise ScanError(f"{path} holds numbers that are not finite, expected metres")
    return Surface(numbers[:, :3], numbers[:, 3:], rows["colour"].copy(), float("nan"))


def fuse(views: Sequence[ScanView]) -> Surface:
    """The surface that the views agree on. Raises ScanError when they agree on next to nothing."""
    parts = [_samples(view) for view in views]
    points, normals, colours = (np.concatenate([part[i] for part in parts]) for i in range(3))
    low, high = np.percentile(points, [1, 99], axis=0)
    size = float(np.linalg.norm(high - low))
    if not size > 0:
        raise ScanError("all points of the scan lie in one place, expected an object")
    voxel = size / _VOXELS_ACROSS
    middles, normals, colours = _averaged(points, normals, colours, voxel)
    seen, through = _votes(views, middles, 2.0 * voxel)
    kept = (seen >= min(2, len(views))) & (2 * through <= seen)
    if kept.sum() < _FEWEST_POINTS:
        raise ScanError(
            f"the views agree on {kept.sum()} points of the object's surface, expected at least {_FEWEST_POINTS}: do "
            "the poses fit the depth, and did the object stand still?"
        )
    return Surface(middles[kept], normals[kept], colours[kept], voxel)


def second_object(surface: Surface) -> tuple[float, float] | None:
    """Share of the surface that lies apart from the rest, and its distance in metres; None where it is one piece."""
    cell = _APART * _VOXELS_ACROSS * surface.voxel
    keys = np.floor(surface.points / cell).astype(int)
    cells, of_point, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    labels = connected(cells, 1.0, norm=np.inf)  # cells that touch, by a corner too
    sizes = np.bincount(labels, weights=counts)
    if len(sizes) < 2:
        return None
    order = np.argsort(-sizes)
    share = float(sizes[order[1]] / counts.sum())
    if share < _SECOND_OBJECT:
        return None
    label = labels[of_point.ravel()]
    first, second = (surface.points[label == order[i]].mean(0) for i in range(2))
    return share, float(np.linalg.norm(first - second))


def _samples(view: ScanView) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Points, normals and colours of at most _SAMPLES pixels of a view, in the object's frame."""
    pixels = view.surface_pixels()
    pixels = pixels[:: -(-len(pixels) // _SAMPLES)]
    u, v = pixels.T
    right = np.stack([np.minimum(u + 1, view.camera.width - 1), v], 1)
    below = np.stack([u, np.minimum(v + 1, view.camera.height - 1)], 1)
    here, across, down = (_points_camera(view, at) for at in (pixels, right, below))
    normals = np.cross(down - here, across - here)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    # Where a neighbour is unknown, the surface is taken to face the camera.
    towards = -here / np.linalg.norm(here, axis=1, keepdims=True)
    normals = np.where(length > 1e-15, normals / np.maximum(length, 1e-15), towards)
    normals = np.where((normals * towards).sum(1, keepdims=True) > 0.05, normals, towards)
    return (here - view.pose[:3, 3]) @ view.pose[:3, :3], normals @ view.pose[:3, :3], view.rgb[v, u]


def _points_camera(view: ScanView, pixels: NDArray[np.int64]) -> Array:
    return view.camera.deproject(pixels, view.depth[pixels[:, 1], pixels[:, 0]])


def _averaged(
    points: Array, normals: Array, colours: NDArray[np.uint8], voxel: float
) -> tuple[Array, Array, NDArray[np.uint8]]:
    keys = np.floor(points / voxel).astype(np.int64)
    _, index, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    index = index.ravel()

    def mean(values: NDArray) -> Array:
        columns = [np.bincount(index, values[:, i], len(counts)) for i in range(3)]
        return np.stack(columns, 1) / counts[:, None]

    normal = mean(normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return mean(points), normal, np.rint(mean(colours)).astype(np.uint8)


def _votes(views: Sequence[ScanView], points: Array, tolerance: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many views see a surface at each of the points (n, 3), and how many look through them."""
    seen, through = np.zeros(len(points), int), np.zeros(len(points), int)
    for view in views:
        points_camera = transform(view.pose, points)
        pixels, inside = view.camera.nearest_pixels(view.camera.project(points_camera))
        u, v = pixels.T
        depth = np.where(inside & view.mask[v, u], view.depth[v, u], 0.0)
        z = points_camera[:, 2]
        seen += (depth > 0) & (np.abs(z - depth) <= tolerance)
        through += (depth > 0) & (z < depth - tolerance)
    return seen, through


def seen_through(views: Sequence[ScanView], points: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which of points (n, 3), object's frame, cannot be surface: two views or more look through, more than see it.

    Unlike what `fuse` asks, a view looks through a point also where it shows no object, but what lies behind it.
    """
    seen, through = np.zeros(len(points), int), np.zeros(len(points), int)
    for view in views:
        points_camera = transform(view.pose, points)
        pixels, inside = view.camera.nearest_pixels(view.camera.project(points_camera))
        u, v = pixels.T
        depth = np.where(inside, view.depth[v, u], 0.0)
        behind = depth - points_camera[:, 2]
        seen += (depth > 0) & (np.abs(behind) <= tolerance)
        through += (depth > 0) & (behind > tolerance) & (points_camera[:, 2] > 0)
    return np.asarray((through >= 2) & (through > seen))
