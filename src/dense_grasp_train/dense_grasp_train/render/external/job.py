"""The job folder by which another process is told what to render, and in which it leaves its pictures.

job.json             size and intrinsics of the camera (pixel centres at integers), samples, seed, threads, sun,
                     sky, gloss, for each mesh its pictures' files and how each goes on beyond 0..1 ("repeat", "clamp"
                     or "mirror"), and the poses world_from_camera (4, 4)
mesh_0.npz           vertices (V, 3) m and normals (V, 3) in the world frame, faces (F, 3), uv (V, 2) with the
                     origin at the bottom left; where there are any, picture_of_face (F,), number of its picture, and
                     colours (V, 4), linear RGBA, by which pictures are multiplied
mesh_0_0.png         the picture number 0 of mesh 0, sRGB
view_000000.npz      the answer for each pose: light (H, W, 4) float32, linear RGB times coverage, and coverage;
                     depth (H, W) float32, metres along the optical axis, 0 where nothing is seen
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_train.render.raycast import Floats, RenderError, RenderMesh
from dense_grasp_train.render.scene import RenderScene
from dense_grasp_train.render.shading import TablePlane
from dense_grasp_train.render.srgb import linear_from_srgb
from dense_grasp_train.render.surface_colour import Picture, pictures_of

TABLE_REACH_M = 8.0
_GLOSS = 5.0
"""Specular level of Blender's principled surface per unit of `Lighting.gloss`: 0.12, its largest, gives about 0.5."""


@dataclass(frozen=True)
class RenderedPicture:
    """What the other process rendered.

    light (H, W, 4) float32: linear RGB times coverage, and coverage. depth (H, W) float32: metres, 0 where nothing is.
    """

    light: NDArray[np.float32]
    depth: NDArray[np.float32]


def table_mesh(table: TablePlane) -> RenderMesh:
    """The table as a square of 16 m whose texture lies where the ray caster has it."""
    reach = TABLE_REACH_M
    corners = np.array([[-reach, -reach, 0.0], [reach, -reach, 0.0], [reach, reach, 0.0], [-reach, reach, 0.0]])
    cosine, sine = np.cos(table.angle), np.sin(table.angle)
    x, y = corners[:, 0] / table.period_m, corners[:, 1] / table.period_m
    # The ray caster counts the texture's rows from the top.
    uv = np.stack([x * cosine - y * sine, -(x * sine + y * cosine)], axis=1)
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    return RenderMesh(
        corners, np.array([[0, 1, 2], [0, 2, 3]]), normals, uv, table.texture, pictures=(Picture(table.texture),)
    )


def write_job(
    folder: Path, scene: RenderScene, camera: CameraModel, poses: list[Floats], samples: int, seed: int, threads: int
) -> None:
    """Write the job for a scene seen from `poses`, world_from_camera (4, 4), into an empty folder.

    Raises RenderError for a camera with distortion, which the renderers do not have, and OSError when the disk refuses.
    """
    if camera.distorts:
        raise RenderError(f"distortion is {camera.distortion}, expected a pinhole camera without any")
    meshes = [*scene.meshes, *([table_mesh(scene.table)] if scene.table is not None else [])]
    specs = [_write_mesh(folder / f"mesh_{number}", mesh) for number, mesh in enumerate(meshes)]
    light = scene.lighting
    job: dict[str, Any] = {
        **{name: getattr(camera, name) for name in ("width", "height", "fx", "fy", "cx", "cy")},
        "samples": samples,
        "seed": seed,
        "threads": threads,
        # The ray caster draws the light's direction with a deviation of `softness` an axis; a disc of radius 2 r has r.
        "sun": {"direction": light.direction, "colour": light.colour, "angle": 4.0 * light.softness},
        "sky": light.ambient,
        "gloss": _GLOSS * light.gloss,
        "meshes": specs,
        "poses": [pose.tolist() for pose in poses],
    }
    (folder / "job.json").write_text(json.dumps(job))


def _write_mesh(path: Path, mesh: RenderMesh) -> dict[str, Any]:
    """Write a mesh and its pictures; returns what the job says of it."""
    arrays: dict[str, Any] = {
        "vertices": mesh.vertices.astype(np.float32),
        "faces": mesh.faces.astype(np.int32),
        "normals": mesh.normals.astype(np.float32),
        "uv": mesh.uv.astype(np.float32),
    }
    if mesh.picture_of_face is not None:
        arrays["picture_of_face"] = mesh.picture_of_face.astype(np.int32)
    if mesh.colours is not None or mesh.tint is not None:
        # Light of a product of sRGB values is no product of lights, but no vertex has both a picture and colours.
        light = np.ones(mesh.vertices.shape, np.float32) if mesh.colours is None else linear_from_srgb(mesh.colours)
        arrays["colours"] = np.insert(light if mesh.tint is None else light * mesh.tint, 3, 1.0, axis=1)
    files: list[dict[str, str]] = []
    for index, picture in enumerate(pictures_of(mesh)):
        if picture.wrap[0] != picture.wrap[1]:
            raise RenderError(
                f"a picture goes on by {picture.wrap[0]} along u and by {picture.wrap[1]} along v beyond its border, "
                "expected the same of a renderer other than embree: change the sampler of its material"
            )
        done, data = cv2.imencode(".png", picture.pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise RenderError(f"texture {picture.pixels.shape} {picture.pixels.dtype} cannot be encoded as PNG")
        file = path.with_name(f"{path.name}_{index}.png")
        file.write_bytes(data.tobytes())
        files.append({"file": file.name, "wrap": picture.wrap[0]})
    with path.with_suffix(".npz").open("wb") as file_object:
        np.savez(file_object, **arrays)
    return {"pictures": files}


def read_picture(folder: Path, view: int, camera: CameraModel) -> RenderedPicture:
    """Read the answer for a pose. Raises RenderError that names a missing, damaged or ill-shaped file."""
    path, shape = folder / f"view_{view:06d}.npz", (camera.height, camera.width)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            light, depth = arrays["light"], arrays["depth"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise RenderError(f"{path.name} was not rendered or cannot be read: {error}") from error
    if light.shape != (*shape, 4) or depth.shape != shape or not np.isfinite(light).all() or np.isnan(depth).any():
        raise RenderError(
            f"{path.name} holds light {light.shape} and depth {depth.shape}, expected finite {(*shape, 4)} and {shape}"
        )
    return RenderedPicture(np.asarray(light, np.float32), np.asarray(depth, np.float32))
