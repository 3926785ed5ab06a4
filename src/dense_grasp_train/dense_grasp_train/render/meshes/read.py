"""Which reader takes which file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dense_grasp_train.render.meshes.gltf import read_gltf
from dense_grasp_train.render.meshes.gltf_file import read_gltf_file
from dense_grasp_train.render.meshes.obj import read_obj
from dense_grasp_train.render.meshes.part import MeshError, Part, part_of
from dense_grasp_train.render.meshes.ply import read_ply
from dense_grasp_train.render.meshes.stl import read_stl

SUFFIXES = (".obj", ".glb", ".gltf", ".ply", ".off", ".stl")


def read_parts(path: Path, untextured: bool = False) -> list[Part]:
    """The parts of a mesh file, in its unit.

    untextured: go on without materials and pictures that are not there. Raises MeshError that names file, part and
    remedy.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise MeshError(f"mesh {path} is none of {', '.join(SUFFIXES)}: write it as one of them, GLB loses nothing")
    try:
        if kind == ".obj":
            return read_obj(path, untextured)
        if kind in (".glb", ".gltf"):
            return read_gltf(read_gltf_file(path), untextured)
        if kind == ".ply":
            return read_ply(path, untextured)
        return read_stl(path, _surface(path)) if kind == ".stl" else _read_off(path, untextured)
    except MeshError:
        raise
    except Exception as error:  # trimesh raises whatever its parsers do
        raise MeshError(f"mesh {path} cannot be read: {error!r}") from error


def _surface(path: Path) -> Any:
    import trimesh

    loaded: Any = trimesh.load(path, process=False, force="mesh")
    if not isinstance(loaded, trimesh.Trimesh) or not len(loaded.faces):
        raise MeshError(f"mesh {path} has no triangles, expected a surface")
    return loaded


def _read_off(path: Path, untextured: bool) -> list[Part]:
    """trimesh leaves the colours of OFF out."""
    lines = (line.split("#", 1)[0].split() for line in path.read_text(errors="replace").splitlines())
    rows = [words for words in lines if words]
    faces = [row for row in rows if re.fullmatch(r"\d+", row[0]) and len(row) > int(row[0]) + 1 > 3]
    if not untextured and (rows[0][0] == "COFF" or len(faces) >= int(rows[1][1])):
        raise MeshError(
            f"mesh {path} has colours, which are not read from OFF: write it as PLY, or --untextured renders it grey"
        )
    return [part_of("its surface", _surface(path))]
