"""Real captures of a depth camera, converted to the BOP layout.

    <folder>/camera.json                  fx, fy, cx, cy (px) and depth_scale (millimetres of a depth value of 1)
    <folder>/<object>/rgb/NAME.png        or .jpg
                      depth/NAME.png      16 bit, aligned to the colour; or NAME.npy in metres
                      mask/NAME.png       not 0 where the object is
                      poses.json          optional: NAME -> camera_from_object, 4 x 4, metres

With poses the captures of an object are views of one scene. Without, nothing is known between two captures: each
becomes an object of its own, good for augmented pairs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.geometry.camera import CameraError, CameraModel
from numpy.typing import NDArray

from dense_grasp_train.data.dataset import FORMAT_VERSION, DatasetError, read_image, read_json
from dense_grasp_train.data.dataset_writer import DEPTH_SCALE, json_bytes, write_scene, write_whole
from dense_grasp_train.render.scene import RenderedView

FEWEST_PIXELS = 500
_SUFFIXES = (".png", ".jpg", ".jpeg")
_ROTATION_TOLERANCE = 1e-3


def convert(folder: Path, out: Path, split: str) -> tuple[int, int]:
    """Convert a folder of captures into a data set; returns how many captures and objects it has.

    Everything is read and checked first, and the data set appears whole or not at all. Raises DatasetError that names
    the file and what is wrong with it.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty, expected a new folder for the captures")
    camera, depth_scale = _camera(folder / "camera.json")
    objects = sorted(path for path in folder.iterdir() if (path / "rgb").is_dir())
    if not objects:
        raise DatasetError(f"{folder} holds no object, expected folders with rgb/, depth/ and mask/")
    scenes = [scene for path in objects for scene in _scenes(path, camera, depth_scale)]
    draft = out.with_name(f".{out.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for index, views in enumerate(scenes):
            (draft / split).mkdir(parents=True, exist_ok=True)
            write_scene(draft / split / f"{index:06d}", views, index + 1)
        write_whole(draft / "camera.json", json_bytes(_camera_file(scenes[0][0].camera)))
        write_whole(draft / "manifest.json", json_bytes(_manifest(folder, split, scenes)))
        if out.exists():
            out.rmdir()
        os.replace(draft, out)
    except OSError as error:
        raise DatasetError(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sum(map(len, scenes)), len(scenes)


def _camera(path: Path) -> tuple[dict[str, float], float]:
    values = read_json(path)
    try:
        camera = {name: float(values[name]) for name in ("fx", "fy", "cx", "cy")}
        scale = float(values["depth_scale"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path} lacks {error}, expected numbers fx, fy, cx, cy and depth_scale") from error
    if not (np.isfinite(scale) and scale > 0):
        raise DatasetError(f"depth_scale in {path} is {scale}, expected millimetres above 0")
    return camera, scale


def _scenes(folder: Path, camera: dict[str, float], depth_scale: float) -> list[list[RenderedView]]:
    names = sorted(path.stem for path in (folder / "rgb").iterdir() if path.suffix.lower() in _SUFFIXES)
    if not names:
        raise DatasetError(f"{folder}/rgb holds no picture, expected {', '.join(_SUFFIXES)}")
    path = folder / "poses.json"
    poses = read_json(path) if path.is_file() else None
    views = []
    for name in names:
        pose = None if poses is None else _pose(path, name, poses)
        views.append(_view(folder, name, camera, depth_scale, pose))
    return [views] if poses is not None else [[view] for view in views]


def _pose(path: Path, name: str, poses: Any) -> NDArray:
    try:
        pose = np.array(poses[name], float)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{path} has no pose for {name}, expected a 4x4 matrix: {error!r}") from error
    rigid = pose.shape == (4, 4) and np.isfinite(pose).all()
    if not rigid or np.abs(pose[:3, :3] @ pose[:3, :3].T - np.eye(3)).max() > _ROTATION_TOLERANCE or pose[2, 3] <= 0:
        raise DatasetError(
            f"pose of {name} in {path} is {pose.tolist()}, expected a rigid motion with the object before the camera"
        )
    return pose


def _view(folder: Path, name: str, camera: dict[str, float], depth_scale: float, pose: NDArray | None) -> RenderedView:
    rgb = read_image(_picture(folder / "rgb", name))
    if rgb.ndim != 3 or rgb.dtype != np.uint8:
        raise DatasetError(f"{folder}/rgb/{name} is {rgb.dtype} {rgb.shape}, expected a colour image of 8 bit")
    rgb = np.ascontiguousarray(rgb[..., 2::-1])
    depth = _depth(folder / "depth", name, depth_scale)
    mask = read_image(_picture(folder / "mask", name))
    mask = (mask if mask.ndim == 2 else mask[..., :3].max(2)) > 0
    if not rgb.shape[:2] == depth.shape == mask.shape:
        raise DatasetError(
            f"{folder}, {name}: colour {rgb.shape[:2]}, depth {depth.shape} and mask {mask.shape} differ in size"
        )
    known = mask & (depth > 0)
    if mask.sum() < FEWEST_PIXELS:
        raise DatasetError(
            f"{folder}/mask/{name} covers {mask.sum()} pixels, expected at least {FEWEST_PIXELS}: does the mask miss "
            "the object?"
        )
    if known.sum() < 0.5 * mask.sum():
        raise DatasetError(
            f"{folder}/depth/{name} is unknown (0 or NaN) on {1 - known.sum() / mask.sum():.0%} of the mask's pixels, "
            "expected less than half: does the mask miss the object?"
        )
    try:
        model = CameraModel(rgb.shape[1], rgb.shape[0], camera["fx"], camera["fy"], camera["cx"], camera["cy"])
    except CameraError as error:
        raise DatasetError(f"{folder.parent}/camera.json: {error}") from error
    if pose is None:
        v, u = np.nonzero(known)
        pose = np.eye(4)
        pose[:3, 3] = model.deproject(np.stack([u, v], 1), depth[v, u]).mean(0)
    return RenderedView(rgb, depth, mask, mask, None, None, model, pose)


def _depth(folder: Path, name: str, depth_scale: float) -> NDArray:
    """Depth (H, W) in metres, 0 where it is unknown."""
    path = folder / f"{name}.npy"
    if path.is_file():
        try:
            depth = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path} cannot be read: {error}") from error
        if depth.ndim != 2 or not np.issubdtype(depth.dtype, np.floating):
            raise DatasetError(f"{path} is {depth.dtype} {depth.shape}, expected metres (H, W)")
        metres = np.asarray(depth, float)
    else:
        path = _picture(folder, name)
        depth = read_image(path)
        if depth.ndim != 2 or depth.dtype != np.uint16:
            raise DatasetError(f"{path} is {depth.dtype} {depth.shape}, expected 16 bit (H, W)")
        metres = depth * (depth_scale / 1000.0)
    return np.where(np.isfinite(metres) & (metres > 0), metres, 0.0)


def _picture(folder: Path, name: str) -> Path:
    found = next((folder / f"{name}{s}" for s in _SUFFIXES if (folder / f"{name}{s}").is_file()), None)
    if found is None:
        raise DatasetError(f"{folder} lacks {name} ({', '.join(_SUFFIXES)}), which its capture needs")
    return found


def _camera_file(camera: CameraModel) -> dict[str, Any]:
    names = ("fx", "fy", "cx", "cy", "width", "height")
    return {name: getattr(camera, name) for name in names} | {"depth_scale": DEPTH_SCALE}


def _manifest(folder: Path, split: str, scenes: list[list[RenderedView]]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "source": "captures",
        "folder": folder.name,
        "scenes": len(scenes),
        "views": sum(map(len, scenes)),
        "split": split,
    }
