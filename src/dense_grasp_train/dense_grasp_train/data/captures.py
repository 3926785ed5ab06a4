"""Real captures of a depth camera, converted to the BOP layout.

A scan, or a folder of objects, in the layout of `dense_grasp_core.object_model.scan`. With poses the captures of an
object are views of one scene. Without, nothing is known between two captures: each becomes an object of its own, good
for augmented pairs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.bop_scene import DEPTH_SCALE, json_bytes
from dense_grasp_core.object_model.scan import ScanError, ScanView, left_out, object_folders, read_views
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_core.wording import some_of

from dense_grasp_train.data.dataset import FORMAT_VERSION
from dense_grasp_train.data.dataset_writer import write_scene, write_whole
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import FEWEST_PIXELS
from dense_grasp_train.render.scene import RenderedView


def convert(folder: Path, out: Path, split: str, say: Callable[[str], None] = lambda text: None) -> tuple[int, int]:
    """Convert a folder of captures into a data set; returns how many captures and objects it has.

    Everything is read and checked first, and the data set appears whole or not at all. say: is told what is left out,
    here or in training, and why. Raises DatasetError that names the file and what is wrong with it.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty, expected a new folder for the captures")
    try:
        objects = object_folders(folder)
    except ScanError as error:
        raise DatasetError(str(error)) from error
    scenes, small = [], []
    for path in objects:
        captures, sentences = _read(path)
        scenes += _scenes(path, captures)
        small += [f"{path.name}/{view.name}" for view in captures if len(view.surface_pixels()) < FEWEST_PIXELS]
        for sentence in sentences:
            say(sentence)
    if objects != [folder]:
        for path in sorted(set(folder.iterdir()) - set(objects)):
            if path.is_dir() and not path.name.startswith("."):
                say(f"{path} is left out, it holds no rgb/ with pictures")
    if small:
        say(
            f"{len(small)} of {sum(map(len, scenes))} captures show fewer than {FEWEST_PIXELS} pixels of the object "
            f"with a depth, and training leaves them out: come closer or take larger pictures ({some_of(small)})"
        )
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


def _read(folder: Path) -> tuple[list[ScanView], list[str]]:
    """The captures of an object, and a sentence each for files that belong to none."""
    try:
        return read_views(folder), left_out(folder)
    except ScanError as error:
        raise DatasetError(str(error)) from error


def _scenes(folder: Path, views: list[ScanView]) -> list[list[RenderedView]]:
    if views[0].camera_from_object is not None and len(views) > 1:
        check = check_scan(views)
        if not check.good and (check.pairs or check.remedy):
            raise DatasetError(f"{folder} contradicts itself: {check}")
    rendered = [_rendered(folder, view) for view in views]
    return [[view] for view in rendered] if views[0].camera_from_object is None else [rendered]


def _rendered(folder: Path, view: ScanView) -> RenderedView:
    pose = view.camera_from_object
    if pose is None:
        pixels = view.surface_pixels()
        pose = np.eye(4)
        pose[:3, 3] = view.camera.deproject(pixels, view.depth[pixels[:, 1], pixels[:, 0]]).mean(0)
    elif pose[2, 3] <= 0:
        raise DatasetError(
            f"pose of {view.name} in {folder}/poses.json is {pose.tolist()}, expected a rigid motion with the object "
            "before the camera"
        )
    return RenderedView(view.rgb, view.depth, view.mask, view.mask, None, None, view.camera, pose)


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
