"""A user's meshes (OBJ, GLB, glTF, PLY, STL, OFF) as objects to render."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.files import MeshFile
from dense_grasp_train.render.meshes.part import MeshError, Part
from dense_grasp_train.render.meshes.read import read_parts
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.surface_colour import Picture

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048}
SMALLEST_M, LARGEST_M = 0.02, 1.0
_WHITE = Picture(np.full((1, 1, 3), 255, np.uint8))
_GREY = 190
# Height of a triangle over its longest side, below which the ray caster's normal is noise.
_SLIVER = 1e-9


@dataclass(frozen=True)
class ObjectMesh:
    """An object in its own frame, metres; the number of edges at which its surface is open; and its see-through parts.

    What is see-through is rendered opaque.
    """

    body: RenderMesh
    open_edges: int
    see_through: tuple[str, ...] = ()

    @property
    def look(self) -> str:
        """A digest of its shape and colours, which changes with any file that the mesh names."""
        body = self.body
        digest = hashlib.sha256(np.round(body.vertices, 6).tobytes() + body.faces.tobytes())
        digest.update(np.round(body.uv, 5).tobytes())
        for values, digits in ((body.colours, 0), (body.tint, 3), (body.picture_of_face, 0)):
            digest.update(b"" if values is None else np.round(values, digits).tobytes())
        for picture in body.pictures:
            digest.update(repr((picture.pixels.shape, picture.wrap)).encode() + picture.pixels.tobytes())
        return digest.hexdigest()


def load_mesh(path: Path, scale: float = 1.0, untextured: bool = False) -> ObjectMesh:
    """Read a mesh with what the file says of its colour.

    scale: metres of the file's unit. untextured: accept a mesh, or a part of one, of whose colour the file says
    nothing, or whose picture is not there; it is rendered grey. Raises MeshError that names the file for anything that
    cannot be rendered.
    """
    parts = [part for part in read_parts(path, untextured) if len(part.faces)]
    if not parts:
        raise MeshError(f"mesh {path} has no triangles, expected a surface")
    if not untextured:
        _require_colours(path, parts)
    body = _joined(parts)
    see_through = tuple(dict.fromkeys(part.name for part in parts if part.see_through))
    if not np.isfinite(body.vertices).all():
        raise MeshError(f"mesh {path} has vertices that are not finite, expected numbers")
    if not np.isfinite(body.uv).all():
        raise MeshError(f"mesh {path} has texture coordinates that are not finite, expected numbers")
    body = _without_slivers(body)
    diagonal = diagonal_of(body.vertices[body.faces])
    if not diagonal > 0:
        raise MeshError(f"mesh {path} has no triangle with an area, expected a surface")
    if not SMALLEST_M <= diagonal * scale <= LARGEST_M:
        raise MeshError(
            f"mesh {path} has a diagonal of {diagonal * scale:g} m, expected {SMALLEST_M:g}..{LARGEST_M:g} m: "
            f"{_unit_that_fits(diagonal)}--mesh-size scales all meshes alike"
        )
    return ObjectMesh(replace(body, vertices=body.vertices * scale), _open_edges(body), see_through)


def diagonal_of(points: NDArray) -> float:
    """Length of the diagonal of the box of points (..., 3); 0 where there are none."""
    flat = points.reshape(-1, 3)
    return float(np.linalg.norm(np.ptp(flat, axis=0))) if len(flat) else 0.0


def scale_to(meshes: tuple[MeshFile, ...], size_m: float) -> float:
    """Metres of the files' unit such that the largest mesh has a diagonal of size_m: siblings keep their sizes."""
    largest = 0.0
    for mesh in meshes:
        parts = read_parts(mesh.path, untextured=True)
        corners = [part.vertices[part.faces].reshape(-1, 3) for part in parts]
        size = diagonal_of(np.concatenate(corners)) if corners else 0.0
        if not np.isfinite(size) or not size > 0:
            raise MeshError(f"mesh {mesh.path} has a diagonal of {size:g}, expected a surface of finite size")
        largest = max(largest, size)
    return size_m / largest


def _unit_that_fits(diagonal: float) -> str:
    fitting = [unit for unit, metres in UNITS.items() if SMALLEST_M <= diagonal * metres <= LARGEST_M]
    return f"is its unit {' or '.join(fitting)} (--mesh-unit)? " if fitting else ""


def _require_colours(path: Path, parts: list[Part]) -> None:
    plain = [part.name for part in parts if part.plain]
    if len(plain) == len(parts):
        raise MeshError(
            f"mesh {path} has neither a texture nor vertex colours nor a material's colour, expected one, or "
            "--untextured to render it grey"
        )
    if plain:
        raise MeshError(
            f"mesh {path}: {plain[0]} has neither a picture nor a colour: give it one, or --untextured renders it grey"
        )


def _joined(parts: list[Part]) -> RenderMesh:
    """One mesh of all parts."""
    counts = [len(part.vertices) for part in parts]
    starts = np.cumsum([0, *counts[:-1]])
    pictures = list({id(part.picture): part.picture for part in parts if part.picture is not None}.values())
    covers = [*pictures, *([] if all(part.picture is not None for part in parts) else [_WHITE])]
    number = {id(picture): index for index, picture in enumerate(covers)}
    of_part = [number[id(part.picture or _WHITE)] for part in parts]
    colours = []
    for count, part in zip(counts, parts, strict=True):
        own = np.full((count, 3), _GREY if part.plain else 255, np.float32)
        colours.append(own if part.colours is None else part.colours)
    tints = [
        np.ones((n, 3), np.float32) if part.tint is None else part.tint for n, part in zip(counts, parts, strict=True)
    ]
    uv = [np.zeros((n, 2)) if part.uv is None else part.uv for n, part in zip(counts, parts, strict=True)]
    coloured = any(part.colours is not None or part.plain for part in parts)
    tinted = any((tint != 1).any() for tint in tints)
    return RenderMesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate(uv),
        covers[0].pixels,
        colours=np.concatenate(colours) if coloured else None,
        pictures=tuple(covers),
        picture_of_face=np.repeat(of_part, [len(part.faces) for part in parts]) if len(covers) > 1 else None,
        tint=np.concatenate(tints) if tinted else None,
    )


def _without_slivers(body: RenderMesh) -> RenderMesh:
    """Without triangles that have no area."""
    a, b, c = (body.vertices[body.faces[:, corner]] for corner in range(3))
    longest = np.max([np.linalg.norm(edge, axis=1) for edge in (b - a, c - b, a - c)], axis=0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    kept = area > _SLIVER * np.maximum(longest, np.finfo(float).tiny) ** 2
    which = body.picture_of_face
    return replace(body, faces=body.faces[kept], picture_of_face=None if which is None else which[kept])


def _open_edges(mesh: RenderMesh) -> int:
    """Edges with one triangle, after joining vertices that differ in texture coordinates alone."""
    _, joined = np.unique(np.round(mesh.vertices, 9), axis=0, return_inverse=True)
    faces = joined.reshape(-1)[mesh.faces]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return int((np.unique(edges, axis=0, return_counts=True)[1] == 1).sum())
