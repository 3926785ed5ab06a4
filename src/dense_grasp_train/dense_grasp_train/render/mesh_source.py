"""A user's meshes (OBJ, GLB, PLY and what else trimesh reads) as objects to render."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_train.render.raycast import RenderMesh

SUFFIXES = (".obj", ".glb", ".gltf", ".ply", ".off", ".stl")
SMALLEST_M, LARGEST_M = 0.02, 1.0
_WHITE = np.full((1, 1, 3), 255, np.uint8)


class MeshError(DenseGraspError):
    """A mesh file that cannot be rendered as an object."""


@dataclass(frozen=True)
class MeshFile:
    """A mesh on disk and the SHA-256 of its file, which a resumed run compares."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class ObjectMesh:
    """An object in its own frame, metres, and the number of edges at which its surface is open."""

    body: RenderMesh
    open_edges: int


def find_meshes(paths: list[Path]) -> tuple[MeshFile, ...]:
    """Mesh files named, and those in the folders named, sorted within a folder. Raises MeshError."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise MeshError(f"folder {path} holds no mesh, expected files {', '.join(SUFFIXES)}")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise MeshError(f"mesh {path} does not exist")
    return tuple(MeshFile(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in dict.fromkeys(found))


def find_shapenet(root: Path, category: str) -> tuple[MeshFile, ...]:
    """Meshes of a ShapeNet category by its id (synset, as 02954340 for caps), versions 1 and 2. Raises MeshError."""
    folder = root / category
    if not folder.is_dir():
        known = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
        listed = ", ".join(known[:20]) or "it has none"
        raise MeshError(f"category is {category!r}, expected a folder of {root}: {listed}")
    found = [
        next((p for p in (m / "models" / "model_normalized.obj", m / "model.obj") if p.is_file()), None)
        for m in sorted(folder.iterdir())
    ]
    meshes = [path for path in found if path is not None]
    if not meshes:
        raise MeshError(f"{folder} holds no model, expected ID/models/model_normalized.obj or ID/model.obj")
    return find_meshes(meshes)


def load_mesh(path: Path, size_m: float | None = None, untextured: bool = False) -> ObjectMesh:
    """Read a mesh with its texture, face or vertex colours.

    size_m: scale it so that the diagonal of its box is this long; without it the file's unit is the metre. untextured:
    accept a mesh of one colour. Raises MeshError that names the file for anything that cannot be rendered.
    """
    import trimesh

    try:
        loaded: Any = trimesh.load(path, process=False, force="mesh")
    except Exception as error:  # trimesh raises whatever its parsers do
        raise MeshError(f"mesh {path} cannot be read: {error!r}") from error
    if not isinstance(loaded, trimesh.Trimesh) or not len(loaded.faces):
        raise MeshError(f"mesh {path} has no triangles, expected a surface")
    mesh: Any = loaded  # trimesh's hints know less than its objects offer
    if not np.isfinite(mesh.vertices).all():
        raise MeshError(f"mesh {path} has vertices that are not finite, expected numbers")
    mesh.update_faces(mesh.nondegenerate_faces(height=1e-12))
    diagonal = float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    if not len(mesh.faces) or not diagonal > 0:
        raise MeshError(f"mesh {path} has no triangle with an area, expected a surface")
    scale = 1.0 if size_m is None else size_m / diagonal
    if not SMALLEST_M <= diagonal * scale <= LARGEST_M:
        raise MeshError(
            f"mesh {path} has a diagonal of {diagonal * scale:g} m, expected {SMALLEST_M:g}..{LARGEST_M:g} m: is its "
            "unit the metre? --mesh-size scales it"
        )
    if mesh.visual.kind == "face":
        mesh.unmerge_vertices()
    uv, texture, colours = _appearance(mesh)
    # Of one colour is also what trimesh puts in the place of a material that is missing.
    if colours is None and (texture == texture[0, 0]).all() and not untextured:
        raise MeshError(
            f"mesh {path} has neither a texture nor vertex colours, expected one, or --untextured to render it grey"
        )
    body = RenderMesh(
        np.asarray(mesh.vertices, float) * scale,
        np.asarray(mesh.faces, np.int64),
        np.asarray(mesh.vertex_normals, float),
        uv,
        texture,
        colours=colours,
        repeat=True,
    )
    return ObjectMesh(body, _open_edges(mesh))


def _appearance(mesh: Any) -> tuple[NDArray, NDArray[np.uint8], NDArray[np.float32] | None]:
    """Texture coordinates (V, 2), texture (h, w, 3), and colours (V, 3) 0..255 or None."""
    flat = np.zeros((len(mesh.vertices), 2))
    if mesh.visual.kind == "texture":
        material = mesh.visual.material
        image = getattr(material, "baseColorTexture", None)
        image = image if image is not None else getattr(material, "image", None)
        uv = mesh.visual.uv
        if image is not None and uv is not None and np.isfinite(uv).all():
            return np.asarray(uv, float), np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)), None
        return flat, _WHITE, None
    if mesh.visual.kind in ("vertex", "face"):
        if mesh.visual.kind == "face":
            colours = np.repeat(mesh.visual.face_colors[:, :3], 3, axis=0)
        else:
            colours = mesh.visual.vertex_colors[:, :3]
        if len(np.unique(colours, axis=0)) > 1:
            return flat, _WHITE, np.asarray(colours, np.float32)
    return flat, _WHITE, None


def _open_edges(mesh: Any) -> int:
    """Edges with one triangle, after joining vertices that differ in texture coordinates alone."""
    _, joined = np.unique(np.round(mesh.vertices, 9), axis=0, return_inverse=True)
    faces = joined.reshape(-1)[mesh.faces]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return int((np.unique(edges, axis=0, return_counts=True)[1] == 1).sum())
