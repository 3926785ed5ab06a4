"""Which mesh files a user means: those named, those in a folder, those of a ShapeNet category."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.meshes.read import SUFFIXES

_OTHER_SUFFIXES = (
    *(".3ds", ".3mf", ".blend", ".dae", ".fbx", ".iges", ".igs", ".ma", ".max", ".step", ".stp"),
    *(".usd", ".usda", ".usdc", ".usdz", ".wrl", ".x3d", ".xyz"),
)


@dataclass(frozen=True)
class MeshFile:
    """A mesh on disk and the SHA-256 of its file, which a resumed run compares."""

    path: Path
    sha256: str


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


def other_meshes(paths: list[Path]) -> list[Path]:
    """Files in the folders named that are meshes of formats that nobody here reads."""
    inside = (file for path in paths if path.is_dir() for file in sorted(path.iterdir()))
    return [file for file in inside if file.suffix.lower() in _OTHER_SUFFIXES]


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


def shapenet_without_mesh(root: Path, category: str, found: tuple[MeshFile, ...]) -> list[Path]:
    """Models of a ShapeNet category in which `find_shapenet` found no mesh."""
    has_one = {mesh.path.relative_to(root / category).parts[0] for mesh in found}
    return [path for path in sorted((root / category).iterdir()) if path.is_dir() and path.name not in has_one]
