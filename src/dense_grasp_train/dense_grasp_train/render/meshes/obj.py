"""Reader of OBJ files: triangles by material, with the material's picture or colour, or the vertices' colours.

trimesh drops without a word what is needed here: all but the first library, a material that is not found, pictures
(see `mtl`), vertex colours beside materials; and it counts references from the end over the whole file.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.mtl import Material, read_mtl
from dense_grasp_train.render.meshes.part import MeshError, Part, part_of, srgb_bytes
from dense_grasp_train.render.meshes.pictures import find_file


class _Statements(NamedTuple):
    """Rows of v, vt and vn; references (3 F, 3) of corners by material, 0-based, -1 where there is none; libraries."""

    rows: dict[str, list[list[float]]]
    corners: dict[str | None, list[tuple[int, int, int]]]
    libraries: list[str]


def read_obj(path: Path, untextured: bool) -> list[Part]:
    """Its parts. untextured: go on without materials and pictures that are not there. Raises MeshError."""
    statements = _statements(path)
    rows = statements.rows
    vertices = np.array([row[:3] for row in rows["v"]], np.float64).reshape(-1, 3)
    coordinates = np.array([row[:2] for row in rows["vt"]], np.float64).reshape(-1, 2)
    normals = np.array([row[:3] for row in rows["vn"]], np.float64).reshape(-1, 3)
    colours = _vertex_colours(path, rows["v"])
    materials = _materials(path, statements, colours is not None or untextured)
    parts = []
    for name, references in statements.corners.items():
        corners = np.array(references, np.int64)
        for kind, column, known in (("vertex", 0, vertices), ("vt", 1, coordinates), ("vn", 2, normals)):
            if corners[:, column].max(initial=-1) >= len(known) or corners[:, column].min(initial=0) < -1:
                raise MeshError(
                    f"mesh {path} has a face with a {kind} beyond the {len(known)} that it has: is it cut off?"
                )
        material = None if name is None else materials.get(name)
        parts.append(_part(path, name, material, corners, (vertices, coordinates, normals, colours), untextured))
    return parts


def _statements(path: Path) -> _Statements:
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\\\n", " ")
    rows: dict[str, list[list[float]]] = {"v": [], "vt": [], "vn": []}
    corners: dict[str | None, list[tuple[int, int, int]]] = defaultdict(list)
    libraries: list[str] = []
    material = None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split() if not line.lstrip().startswith(("mtllib", "usemtl")) else line.split()
        if not words:
            continue
        try:
            if words[0] in rows:
                rows[words[0]].append([float(word) for word in words[1:]])
            elif words[0] == "f":
                ring = [_reference(word, rows) for word in words[1:]]
                for second, third in itertools.pairwise(ring[1:]):
                    corners[material] += (ring[0], second, third)
            elif words[0] == "usemtl":
                material = " ".join(words[1:])
            elif words[0] == "mtllib":
                libraries.append(line.strip()[len("mtllib") :].strip())
        except ValueError as error:
            raise MeshError(f"mesh {path} cannot be read: line {number} is {line[:80]!r}: {error}") from error
    if any(len(row) < 3 for row in rows["v"]) or any(len(row) < 2 for row in rows["vt"]):
        raise MeshError(
            f"mesh {path} cannot be read: a v has fewer than 3 numbers or a vt fewer than 2, is it cut off?"
        )
    return _Statements(rows, corners, libraries)


def _reference(word: str, rows: dict[str, list[list[float]]]) -> tuple[int, int, int]:
    """The 0-based (v, vt, vn) of a corner; negative ones count back from the last row read so far."""
    found = [-1, -1, -1]
    for place, (part, kind) in enumerate(zip(word.split("/"), ("v", "vt", "vn"), strict=False)):
        if part:
            index = int(part)
            found[place] = index - 1 if index > 0 else len(rows[kind]) + index
            if index == 0 or found[place] < 0:
                raise ValueError(f"{word!r} refers to no {kind}")
    if found[0] < 0:
        raise ValueError(f"{word!r} names no vertex")
    return found[0], found[1], found[2]


def _vertex_colours(path: Path, rows: list[list[float]]) -> NDArray[np.float32] | None:
    """(V, 3) sRGB 0..255 of `v x y z r g b`; None where no vertex has one. Raises MeshError where some have."""
    coloured = sum(len(row) >= 6 for row in rows)
    if not coloured:
        return None
    if coloured < len(rows):
        raise MeshError(
            f"mesh {path} gives a colour to {coloured} of its {len(rows)} vertices, expected all or none: write "
            "`v x y z r g b` for each"
        )
    return srgb_bytes(np.array([row[3:6] for row in rows], np.float64))


def _materials(path: Path, statements: _Statements, dispensable: bool) -> dict[str, Material]:
    """Materials of all libraries; dispensable: a library or material that is not there is no fault."""
    found: dict[str, Material] = {}
    for written in statements.libraries:
        try:
            try:
                files = [find_file(path.parent, written)]
            except MeshError:
                if " " not in written:
                    raise
                files = [find_file(path.parent, word) for word in written.split()]
        except MeshError as error:
            if dispensable:
                continue
            raise MeshError(
                f"mesh {path} has its materials in {written!r}, {error}, or --untextured renders it grey"
            ) from error
        for file in files:
            found |= read_mtl(file)
    unknown = [name for name in statements.corners if name is not None and name not in found]
    if unknown and not dispensable:
        known = ", ".join(map(repr, found)) or "none"
        raise MeshError(
            f"mesh {path} uses material {unknown[0]!r}, which its libraries lack (they have {known}): correct the name "
            f"or the mtllib line ({', '.join(statements.libraries) or 'there is none'}), or --untextured renders it "
            "grey"
        )
    return found


def _part(
    path: Path,
    name: str | None,
    material: Material | None,
    corners: NDArray[np.int64],
    tables: tuple[NDArray, NDArray, NDArray, NDArray | None],
    untextured: bool,
) -> Part:
    import trimesh

    vertices, coordinates, normals, colours = tables
    picture = None
    if material is not None:
        try:
            picture = material.load_picture(path)
        except MeshError as error:
            if not untextured:
                raise MeshError(f"{error}, or --untextured renders it without") from error
    if picture is None:
        corners[:, 1] = -1  # so that a seam of coordinates that nobody needs splits no vertex
    elif (corners[:, 1] < 0).any():
        raise MeshError(
            f"mesh {path}: {int((corners[:, 1] < 0).sum()) // 3 or 1} face(s) of material {name!r} have no texture "
            f"coordinates (f v/vt) for its picture {material.picture!r}: unwrap them"  # type: ignore[union-attr]
        )
    if (corners[:, 2] < 0).any():
        corners[:, 2] = -1
    sizes = np.array([len(coordinates) + 1, len(normals) + 1])
    keys = (corners[:, 0] * sizes[0] + corners[:, 1] + 1) * sizes[1] + corners[:, 2] + 1
    _, first, faces = np.unique(keys, return_index=True, return_inverse=True)
    chosen = corners[first]
    own = normals[chosen[:, 2]] if len(normals) and (chosen[:, 2] >= 0).all() else None
    mesh = trimesh.Trimesh(vertices[chosen[:, 0]], faces.reshape(-1, 3), vertex_normals=own, process=False)
    see_through = material is not None and material.see_through
    label = "faces without a material" if name is None else f"material {name!r}"
    if picture is not None and material is not None:
        uv = coordinates[chosen[:, 1]] * material.scale + material.offset
        return part_of(label, mesh, picture=picture, uv=uv, see_through=see_through)
    if colours is not None:
        return part_of(label, mesh, colours=colours[chosen[:, 0]], see_through=see_through)
    if material is not None and material.diffuse is not None:
        one = np.clip(255 * np.asarray(material.diffuse, np.float32), 0, 255)
        return part_of(label, mesh, colours=np.tile(one, (len(chosen), 1)), see_through=see_through)
    return part_of(label, mesh)
