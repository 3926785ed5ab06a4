"""Triangle mesh of the parametric cap: a thick shell with brim, strap and button, textured inside and outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_assets.cap.collision import collision_boxes
from dense_grasp_assets.cap.params import CapError, CapParams, make_cap_params
from dense_grasp_assets.cap.surface import (
    PART_NAMES,
    cap_normal,
    cap_point,
    opening_coordinates,
    strap_top_v,
    sweatband_top_v,
)
from dense_grasp_assets.cap.texture import atlas_uv, paint_atlas

__all__ = [
    "PART_NAMES",
    "CapError",
    "CapMesh",
    "CapParams",
    "build_cap",
    "cap_normal",
    "cap_point",
    "collision_boxes",
    "make_cap",
    "make_cap_params",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CapMesh:
    """One cap as arrays; object frame, metres.

    vertices (V, 3), faces (F, 3) counter-clockwise seen from outside the material, normals (V, 3), uv (V, 2) in 0..1
    with the origin at the texture's bottom left (as in OBJ), texture (T, T, 3) uint8 RGB top row first, part_id (V,)
    index into part_names, part_uv (V, 2). A face never mixes parts.
    """

    vertices: Floats
    faces: Ints
    normals: Floats
    uv: NDArray[np.float32]
    texture: NDArray[np.uint8]
    part_id: NDArray[np.int64]
    part_uv: Floats
    part_names: tuple[str, ...]
    params: CapParams


class _Pieces:
    """Collects patches of vertices and faces of one part each."""

    def __init__(self, params: CapParams, texture_size: int) -> None:
        self.params, self.texture_size = params, texture_size
        self.vertices: list[Floats] = []
        self.normals: list[Floats] = []
        self.faces: list[Ints] = []
        self.uv: list[NDArray[np.float32]] = []
        self.part_id: list[Ints] = []
        self.part_uv: list[Floats] = []
        self.count = 0

    def add(self, part: str, points: Floats, normals: Floats, u: Floats, v: Floats, faces: Ints) -> None:
        """Add a patch, dropping vertices that no face uses and faces without area."""
        if not len(faces):
            return
        corner = points[faces]
        area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
        faces = faces[area > 1e-13]
        used, inverse = np.unique(faces, return_inverse=True)
        u, v = np.clip(u[used], 0, 1), np.clip(v[used], 0, 1)
        self.vertices.append(points[used])
        self.normals.append(normals[used])
        self.faces.append(inverse.reshape(-1, 3) + self.count)
        self.uv.append(atlas_uv(part, u, v, self.texture_size))
        self.part_id.append(np.full(len(used), PART_NAMES.index(part)))
        self.part_uv.append(np.stack([u, v], axis=1))
        self.count += len(used)

    def add_surface(self, part: str, u: Floats, v: Floats, faces: Ints) -> None:
        """Add faces over analytic points of `part`."""
        used, inverse = np.unique(faces, return_inverse=True)
        u, v = np.clip(u[used], 0, 1), np.clip(v[used], 0, 1)
        self.add(
            part,
            cap_point(self.params, part, u, v),
            cap_normal(self.params, part, u, v),
            u,
            v,
            inverse.reshape(faces.shape),
        )

    def add_wall(self, part: str, outer: Floats, inner: Floats, u: Floats, v: Floats, edges: Ints) -> None:
        """Close the gap between an outer and an inner surface along directed boundary `edges` (E, 2)."""
        if not len(edges):
            return
        first, second = edges[:, 0], edges[:, 1]
        along = outer[second] - outer[first]
        normal = np.cross(along, inner[first] - outer[first])
        normal = -normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        total = len(edges)
        points = np.concatenate([outer[first], outer[second], inner[first], inner[second]])
        a, b, c, d = (np.arange(total) + k * total for k in range(4))
        faces = np.concatenate([np.stack([b, a, c], 1), np.stack([b, c, d], 1)])
        u_all, v_all = (
            np.tile(np.concatenate([u[first], u[second]]), 2),
            np.tile(np.concatenate([v[first], v[second]]), 2),
        )
        self.add(part, points, np.tile(normal, (4, 1)), u_all, v_all, faces)


def _grid_faces(rows: int, columns: int) -> Ints:
    """Triangles (F, 3) of a rows × columns vertex grid, counter-clockwise when columns run right and rows up."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = (row * columns + column).ravel()
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])


def _boundary_edges(faces: Ints, merged: Ints) -> tuple[Ints, Ints]:
    """Return directed edges (E, 2) that belong to one face only and the index of that face; `merged` joins seams."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    owner = np.tile(np.arange(len(faces)), 3)
    key = np.sort(merged[edges], axis=1)
    # One number an edge: rows are compared by their bytes, which takes ten times as long.
    number = key[:, 0] * (merged.max() + 1) + key[:, 1]
    _, inverse, counts = np.unique(number, return_inverse=True, return_counts=True)
    single = (counts[inverse] == 1) & (key[:, 0] != key[:, 1])
    return edges[single], owner[single]


def _snapped(values: Floats, targets: list[float]) -> Floats:
    """Move the inner value nearest to each target onto it."""
    values = values.copy()
    for target in targets:
        values[1 + int(np.argmin(np.abs(values[1:-1] - target)))] = target
    return values


def _cut_arch(across: Floats, up: Floats, faces: Ints, sliding: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Move one end of every edge that crosses the arch of the opening onto it, so that the cut is a clean curve.

    across, up (N,): opening coordinates, where the arch is the upper half of the unit circle. Vertices in
    `sliding` only move across, which keeps their row straight.
    """
    radius = np.hypot(across, up)
    inside, base = (up > 1e-9) & (radius < 1.0 - 1e-9), np.abs(up) <= 1e-9
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    crossing = edges[(inside[edges[:, 0]] != inside[edges[:, 1]]) & ~base[edges].any(axis=1)]
    distance = np.abs(radius[crossing] - 1.0)
    chosen = np.unique(np.where(distance[:, 0] <= distance[:, 1], crossing[:, 0], crossing[:, 1]))
    slide = chosen[sliding[chosen]]
    move = chosen[~sliding[chosen]]
    across, up = across.copy(), up.copy()
    across[move], up[move] = across[move] / radius[move], up[move] / radius[move]
    across[slide] = np.sign(across[slide]) * np.sqrt(np.clip(1.0 - up[slide] ** 2, 0.0, 1.0))
    return across, up


def _dome_grid(params: CapParams, columns: int, rows: int) -> tuple[Floats, Floats, Ints, Ints]:
    """Grid of the dome with the rear opening cut out: angle (N,), v (N,), faces, and vertex ids with seams joined."""
    low, band, half = strap_top_v(params), sweatband_top_v(params), params.opening_half_angle
    angles = _snapped(np.linspace(0, 2 * np.pi, columns), [np.pi - half, np.pi + half])
    heights = np.sort(_snapped(np.linspace(0, 1, rows), [low]))
    nearest = np.abs(heights - band)
    nearest[[0, -1, int(np.argmin(np.abs(heights - low)))]] = np.inf
    heights[int(np.argmin(nearest))] = band
    angle, v = (grid.ravel() for grid in np.meshgrid(angles, np.sort(heights)))
    faces = _grid_faces(rows, columns)
    across, up = opening_coordinates(params, angle, v)
    across, up = _cut_arch(across, up, faces, sliding=np.abs(v - band) < 1e-9)
    angle, v = np.pi + across * half, low + up * (params.opening_top - low)
    centre_across, centre_up = across[faces].mean(axis=1), up[faces].mean(axis=1)
    faces = faces[~((centre_up > 1e-9) & (np.hypot(centre_across, centre_up) < 1.0))]
    index = np.arange(rows * columns).reshape(rows, columns)
    index[:, -1] = index[:, 0]
    index[-1, :] = index[-1, 0]
    return angle, v, faces, index.ravel()


def _add_dome(pieces: _Pieces, columns: int, rows: int) -> None:
    params = pieces.params
    low, band, half = strap_top_v(params), sweatband_top_v(params), params.opening_half_angle
    angle, v, faces, merged = _dome_grid(params, columns, rows)
    u = angle / (2 * np.pi)
    centre_angle, centre_v = angle[faces].mean(axis=1), v[faces].mean(axis=1)
    in_strap = (np.abs(centre_angle - np.pi) < half) & (centre_v < low)
    pieces.add_surface("crown", u, v, faces[~in_strap])
    pieces.add_surface("strap", (angle - np.pi) / (2 * half) + 0.5, v / low, faces[in_strap])
    inside = faces[:, ::-1]
    in_band = centre_v < band
    pieces.add_surface("sweatband", u, v / band, inside[in_band])
    pieces.add_surface("inner_crown", u, v, inside[~in_band])
    edges, owner = _boundary_edges(faces, merged)
    outer, inner = cap_point(params, "crown", u, v), cap_point(params, "inner_crown", u, v)
    at_rim = np.all(v[edges] < 1e-9, axis=1)
    strap_edge = in_strap[owner] & ~at_rim
    pieces.add_wall("crown", outer, inner, u, v, edges[~strap_edge])
    pieces.add_wall("strap", outer, inner, (angle - np.pi) / (2 * half) + 0.5, v / low, edges[strap_edge])


def _add_brim(pieces: _Pieces, columns: int, rows: int) -> None:
    # Columns crowd towards the tips, where the outline bends.
    across = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, columns))
    u, v = (grid.ravel() for grid in np.meshgrid(across, np.linspace(0, 1, rows)))
    faces = _grid_faces(rows, columns)
    pieces.add_surface("brim", u, v, faces)
    pieces.add_surface("brim_under", u, v, faces[:, ::-1])
    edges, _ = _boundary_edges(faces, np.arange(rows * columns))
    top, under = (cap_point(pieces.params, part, u, v) for part in ("brim", "brim_under"))
    pieces.add_wall("brim", top, under, u, v, edges)


def build_cap(params: CapParams, resolution: float = 1.0) -> CapMesh:
    """Build the mesh and texture of a cap.

    resolution 1.0 gives about 50,000 faces and a 1024² texture; 0.4 about 8,000 and 512², enough for a simulator.
    Raises CapError outside 0.15..2.
    """
    if not 0.15 <= resolution <= 2.0:
        raise CapError(f"cap resolution is {resolution}, expected 0.15 to 2.0")
    texture_size = 1024 if resolution > 0.6 else 512
    pieces = _Pieces(params, texture_size)
    _add_dome(pieces, columns=6 * max(8, round(31 * resolution)) + 1, rows=max(14, round(58 * resolution)))
    _add_brim(pieces, columns=max(15, round(61 * resolution)), rows=max(6, round(24 * resolution)))
    ring, steps = max(10, round(32 * resolution)), max(4, round(8 * resolution))
    u, v = (grid.ravel() for grid in np.meshgrid(np.linspace(0, 1, ring), np.linspace(0, 1, steps)))
    pieces.add_surface("button", u, v, _grid_faces(steps, ring))
    return CapMesh(
        vertices=np.concatenate(pieces.vertices),
        faces=np.concatenate(pieces.faces),
        normals=np.concatenate(pieces.normals),
        uv=np.concatenate(pieces.uv),
        texture=paint_atlas(params, texture_size),
        part_id=np.concatenate(pieces.part_id),
        part_uv=np.concatenate(pieces.part_uv),
        part_names=PART_NAMES,
        params=params,
    )


def make_cap(seed: int, resolution: float = 1.0) -> CapMesh:
    """Build the cap of `seed`; see `make_cap_params` and `build_cap`."""
    return build_cap(make_cap_params(seed), resolution)
