"""Builds the surface of a solid from patches, each a grid of points with a picture of its own in one texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
CELL_PX = 320  # of each patch's picture in the texture
_BORDER_PX = 4  # that no coordinate reaches, so that neighbours do not bleed


@dataclass(frozen=True)
class Patch:
    """points (R, C, 3): columns run right and rows up seen from outside. picture (h, w, 3) RGB, the top row first.

    normal (3,): of a flat patch; None: from the points.
    """

    points: Floats
    picture: Picture
    normal: Floats | None = None


@dataclass(frozen=True)
class Surface:
    """See Solid."""

    vertices: Floats
    faces: NDArray[np.int64]
    normals: Floats
    uv: NDArray[np.float32]
    texture: Picture


def joined(patches: Sequence[Patch]) -> Surface:
    """One surface with one texture; faces without area are dropped."""
    across = int(np.ceil(np.sqrt(len(patches))))
    texture = np.full((across * CELL_PX, across * CELL_PX, 3), 128, np.uint8)
    vertices, faces, normals, coordinates, count = [], [], [], [], 0
    for number, patch in enumerate(patches):
        row, column = divmod(number, across)
        top, left = row * CELL_PX, column * CELL_PX
        texture[top : top + CELL_PX, left : left + CELL_PX] = cv2.resize(patch.picture, (CELL_PX, CELL_PX))
        rows, columns = patch.points.shape[:2]
        v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
        inner = CELL_PX - 2 * _BORDER_PX
        size = across * CELL_PX
        x = (left + _BORDER_PX + inner * u) / size
        y = 1.0 - (top + CELL_PX - _BORDER_PX - inner * v) / size
        points = patch.points.reshape(-1, 3)
        grid = _grid_faces(rows, columns)
        corners = points[grid]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        vertices.append(points)
        faces.append(grid[area > 1e-12] + count)
        normals.append(_normals(patch).reshape(-1, 3))
        coordinates.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        count += len(points)
    return Surface(
        np.concatenate(vertices),
        np.concatenate(faces),
        np.concatenate(normals),
        np.concatenate(coordinates).astype(np.float32),
        texture,
    )


def _grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])


def _normals(patch: Patch) -> Floats:
    if patch.normal is not None:
        return np.broadcast_to(patch.normal, patch.points.shape)
    right, up = np.gradient(patch.points, axis=1), np.gradient(patch.points, axis=0)
    normals = np.cross(right, up)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-12))


def box_patches(half: Floats, centre: Floats, pictures: Sequence[Picture]) -> list[Patch]:
    """Six sides, in the order +x, -x, +y, -y, +z, -z."""
    x, y, z = np.eye(3)
    # normal, what runs right, what runs up
    sides = [(x, y, z), (-x, -y, z), (y, -x, z), (-y, x, z), (z, x, y), (-z, x, -y)]
    patches = []
    for (normal, right, up), picture in zip(sides, pictures, strict=True):
        grid = [[centre + (normal + s * right + t * up) * half for s in (-1.0, 1.0)] for t in (-1.0, 1.0)]
        patches.append(Patch(np.array(grid), picture, normal))
    return patches


def turned(profile: Floats, segments: int = 64) -> Floats:
    """(R, C, 3): the profile (R, 2) of r, z turned about z; the rows' order says which side is outside: with z that
    rises along them it is away from the axis.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, segments + 1)
    r, z = profile[:, :1], profile[:, 1:]
    return np.stack([r * np.cos(angles), r * np.sin(angles), np.broadcast_to(z, (len(r), segments + 1))], axis=-1)


def disc(radius: float, z: float, up: bool, picture: Picture, cells: int = 12) -> Patch:
    """A lid at z that looks up or down; its picture lies flat on it, not bent around its middle."""
    line = np.linspace(-1.0, 1.0, cells + 1)
    t, s = np.meshgrid(line, line, indexing="ij")
    # the elliptical map of a square onto a disc
    x, y = s * np.sqrt(1.0 - 0.5 * t * t), t * np.sqrt(1.0 - 0.5 * s * s)
    side = 1.0 if up else -1.0
    points = np.stack([radius * x, side * radius * y, np.full_like(x, z)], axis=-1)
    return Patch(points, picture, np.array([0.0, 0.0, side]))


def tube(path: Floats, radius: float, picture: Picture, segments: int = 16) -> Patch:
    """A round bar along the points (N, 3) of a path in the plane y = 0."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    aside = np.array([0.0, 1.0, 0.0])
    out = np.cross(aside, along)
    angles = np.linspace(0.0, 2.0 * np.pi, segments + 1)[None, :, None]
    points = path[:, None] + radius * (np.cos(angles) * out[:, None] + np.sin(angles) * aside)
    return Patch(points, picture)
