"""Reader of PLY files: the picture that a `comment TextureFile` names, or the colours of vertices or faces.

trimesh leaves out a picture that it does not find, loses vertex colours beside texture coordinates, and of several
pictures shows the last on all faces, each without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.part import MeshError, Part, part_of, srgb_bytes, with_face_colours
from dense_grasp_train.render.meshes.pictures import decode_picture, find_file
from dense_grasp_train.render.surface_colour import Picture

_COLOUR_NAMES = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
_LONGEST_HEADER = 1 << 16


def read_ply(path: Path, untextured: bool) -> list[Part]:
    """Its part. A picture counts before colours, as in BOP's tools. Raises MeshError."""
    import trimesh
    from trimesh.exchange.ply import load_ply

    picture = _picture(path, untextured)
    with path.open("rb") as file:
        # Disconnecting vertices by their coordinates would leave their colours and normals behind.
        loaded = load_ply(file, fix_texture=picture is not None and _by_face(path), skip_materials=True)
    if "faces" not in loaded:
        raise MeshError(f"mesh {path} has no triangles, expected a surface")
    raw = loaded["metadata"]["_ply_raw"]
    _require_whole(path, raw)
    vertices, normals = loaded["vertices"], loaded.get("vertex_normals")
    if normals is not None and len(normals) != len(vertices):
        normals = None
    mesh = trimesh.Trimesh(vertices, loaded["faces"], vertex_normals=normals, process=False)
    if picture is not None:
        if "visual" not in loaded or loaded["visual"].uv is None:
            raise MeshError(f"mesh {path} names a picture and has no texture coordinates for it: unwrap it")
        return [part_of("its surface", mesh, picture=picture, uv=np.asarray(loaded["visual"].uv, np.float64))]
    of_vertices, of_faces = (_colours(raw[element]) for element in ("vertex", "face"))
    if of_vertices is not None and of_faces is not None and len(np.unique(of_faces, axis=0)) == 1:
        of_faces = None  # many programs write white for what is not used
    if of_vertices is not None and of_faces is not None and len(np.unique(of_vertices, axis=0)) > 1:
        raise MeshError(f"mesh {path} gives colours to its vertices and to its faces: remove those that are not meant")
    if of_faces is not None:
        if len(of_faces) != len(mesh.faces):
            raise MeshError(f"mesh {path} gives colours to faces that are no triangles: triangulate it")
        return [with_face_colours("its surface", mesh, of_faces)]
    return [part_of("its surface", mesh, colours=of_vertices)]


def _require_whole(path: Path, raw: dict[str, Any]) -> None:
    """Of a text that was cut off trimesh reads the lines that are left."""
    for name in ("vertex", "face"):
        data = raw[name]["data"]
        rows = len(next(iter(data.values()))) if isinstance(data, dict) else len(data)
        if rows != raw[name]["length"]:
            raise MeshError(
                f"mesh {path} has {rows} of the {raw[name]['length']} rows of {name} of its header: is it cut off?"
            )


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        return file.read(_LONGEST_HEADER).split(b"end_header", 1)[0].decode("utf-8", errors="replace").splitlines()


def _picture(path: Path, untextured: bool) -> Picture | None:
    lines = (line.split(None, 2) for line in _header(path))
    names = [
        words[2].strip()
        for words in lines
        if [w.lower() for w in words[:2]] == ["comment", "texturefile"] and len(words) == 3
    ]
    if len(names) > 1:
        raise MeshError(
            f"mesh {path} names {len(names)} pictures ({', '.join(names)}), expected one: write it as OBJ or GLB"
        )
    if not names:
        return None
    try:
        return Picture(decode_picture(find_file(path.parent, names[0]).read_bytes()))
    except (MeshError, OSError) as error:
        if untextured:
            return None
        raise MeshError(
            f"mesh {path} names the picture {names[0]!r}, {error}, or --untextured renders it without"
        ) from error


def _by_face(path: Path) -> bool:
    """Whether texture coordinates belong to faces; those of vertices need no vertex twice."""
    return any(line.split()[-1:] == ["texcoord"] for line in _header(path))


def _colours(element: dict[str, Any]) -> NDArray[np.float32] | None:
    for names in _COLOUR_NAMES:
        if all(name in element["properties"] for name in names):
            return srgb_bytes(np.column_stack([np.asarray(element["data"][name]).reshape(-1) for name in names]))
    return None
