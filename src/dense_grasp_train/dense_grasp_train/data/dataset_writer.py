"""Writer of generated views in the BOP layout; see `dataset` for the files."""

from __future__ import annotations

import errno
import os
import platform
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_core.object_model.bop_scene import DEPTH_SCALE, SceneImage, scene_annotations

from dense_grasp_train.data.dataset import COORDINATE_SCALE
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.scene import RenderedView
from dense_grasp_train.render.surface_colour import pictures_of, vertex_colours

_PNG_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 2]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all. Raises DatasetError on a full disk or a refused write."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DatasetError(f"{path} cannot be written: {error}") from error


def _png(image: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", image, _PNG_FAST)
    if not done:
        raise DatasetError(f"image {image.shape} {image.dtype} cannot be encoded as PNG")
    return data.tobytes()


def view_files(view: RenderedView, image: int) -> dict[str, bytes]:
    """Return relative path → content of one view's pictures."""
    depth = np.clip(np.rint(view.depth * 1000.0 / DEPTH_SCALE), 0, 65535)
    name = f"{image:06d}"
    files = {
        f"rgb/{name}.png": _png(view.rgb[..., ::-1]),
        f"depth/{name}.png": _png(depth.astype(np.uint16)),
        f"mask/{name}_000000.png": _png(view.mask_whole.astype(np.uint8) * 255),
        f"mask_visib/{name}_000000.png": _png(view.mask_visible.astype(np.uint8) * 255),
    }
    if view.part is not None and view.part_uv is not None:
        files[f"coord/{name}.png"] = _png(_packed_coordinates(view.part, view.part_uv))
    return files


def _packed_coordinates(part: np.ndarray, part_uv: np.ndarray) -> np.ndarray:
    coordinates = np.zeros((*part.shape, 3), np.uint16)
    coordinates[..., 2] = part + 1
    packed = np.rint(np.clip(part_uv, 0, 1) * COORDINATE_SCALE).astype(np.uint16)
    coordinates[..., 1], coordinates[..., 0] = packed[..., 0], packed[..., 1]
    coordinates[part < 0] = 0
    return coordinates


def write_scene(folder: Path, views: Iterable[RenderedView], object_id: int) -> int:
    """Write a scene's folder in one piece: into a temporary neighbour first, then renamed. Returns how many views.

    Each view is written before the next is asked for.
    A scene that another process has written meanwhile stays. Raises DatasetError when the disk refuses; nothing of the
    scene stays behind then.
    """
    temporary = folder.with_name(f".{folder.name}.{platform.node()}.{os.getpid()}.part")
    try:
        images: list[SceneImage] = []
        for image, view in enumerate(views):
            images.append(SceneImage(view.camera, view.camera_from_object, view.mask_whole, view.mask_visible))
            _write_files(temporary, view_files(view, image))
        _write_files(temporary, scene_annotations(images, object_id))
        try:
            os.replace(temporary, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    except OSError as error:
        raise DatasetError(f"scene {folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return len(images)


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def ply_bytes(mesh: CapMesh | RenderMesh, texture_file: str | None, colours: np.ndarray | None = None) -> bytes:
    """Return the mesh as a binary PLY in millimetres with normals, as BOP's models have it.

    With texture coordinates for the texture file, or with colours (V, 3) 0..255 of its vertices.
    """
    names: tuple[str, ...] = ("x", "y", "z", "nx", "ny", "nz")
    columns: list[np.ndarray] = [mesh.vertices * 1000.0, mesh.normals]
    if texture_file is not None:
        names, columns = (*names, "texture_u", "texture_v"), [*columns, mesh.uv]
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *([f"comment TextureFile {texture_file}"] if texture_file is not None else []),
        f"element vertex {len(mesh.vertices)}",
        *(f"property float {name}" for name in names),
        *(f"property uchar {name}" for name in ("red", "green", "blue") if colours is not None),
        f"element face {len(mesh.faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    vertices = np.concatenate(columns, axis=1).astype("<f4")
    faces = np.empty(len(mesh.faces), dtype=np.dtype([("n", "u1"), ("index", "<i4", 3)]))
    faces["n"], faces["index"] = 3, mesh.faces
    if colours is None:
        rows = vertices.tobytes()
    else:
        coloured = np.empty(len(vertices), dtype=np.dtype([("v", "<f4", vertices.shape[1]), ("c", "u1", 3)]))
        coloured["v"], coloured["c"] = vertices, np.rint(colours)
        rows = coloured.tobytes()
    return "\n".join(header).encode() + b"\n" + rows + faces.tobytes()


def write_model(folder: Path, object_id: int, mesh: CapMesh | RenderMesh) -> None:
    """Write models/obj_NNNNNN.ply with its texture, if it has one, beside it, unless it is there already.

    The format has one picture and none that is multiplied: a mesh of more gets the colours of its vertices.
    """
    target = folder / f"obj_{object_id:06d}.ply"
    if target.is_file():
        return
    texture = mesh.texture
    if isinstance(mesh, RenderMesh):
        pictures = pictures_of(mesh)
        if len(pictures) != 1 or pictures[0].pixels.size == 3 or mesh.colours is not None or mesh.tint is not None:
            write_whole(target, ply_bytes(mesh, None, vertex_colours(mesh)))
            return
        texture = pictures[0].pixels
    write_whole(target.with_suffix(".png"), _png(texture[..., ::-1]))
    write_whole(target, ply_bytes(mesh, target.with_suffix(".png").name))


def model_info(mesh: CapMesh) -> dict[str, Any]:
    """Return the entry of models_info.json: box and diameter in millimetres, and the cap's parameters."""
    return {**box_info(mesh.vertices, step=5), "cap": asdict(mesh.params)}


def box_info(vertices: np.ndarray, step: int = 1) -> dict[str, Any]:
    """Return box and diameter in millimetres of vertices (V, 3) in metres; the diameter of every ``step``-th one."""
    from scipy.spatial import ConvexHull, QhullError
    from scipy.spatial.distance import pdist

    points = vertices * 1000.0
    low, high = points.min(axis=0), points.max(axis=0)
    try:
        hull = points[ConvexHull(points[::step]).vertices * step]
    except QhullError:  # a flat sheet has no hull
        hull = points[:: max(1, len(points) // 2000)]
    info: dict[str, Any] = {"diameter": round(float(pdist(hull).max()), 4)}
    for axis, name in enumerate("xyz"):
        info[f"min_{name}"], info[f"size_{name}"] = (
            round(float(low[axis]), 4),
            round(float(high[axis] - low[axis]), 4),
        )
    return info
