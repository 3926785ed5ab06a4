"""Real captures of a depth camera, converted to the BOP layout.

A scan, or a folder of objects, in the layout of `dense_grasp_core.object_model.scan`. With poses the captures of an
object are views of one scene, and more are rendered in the gaps between them. Without, nothing is known between two
captures: each becomes an object of its own, good for augmented pairs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.bop_scene import DEPTH_SCALE, json_bytes
from dense_grasp_core.object_model.scan import ScanError, ScanView, left_out, object_folders, read_views
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_core.wording import some_of

from dense_grasp_train.data import rendered
from dense_grasp_train.data.dataset import FORMAT_VERSION
from dense_grasp_train.data.dataset_writer import write_scene, write_whole
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import FEWEST_PIXELS
from dense_grasp_train.render.scene import RenderedView


@dataclass(frozen=True)
class _Scene:
    """Captures that become a scene, the folder that they are from, and the pictures that more can be rendered from."""

    folder: Path
    captures: list[RenderedView]
    posed: list[ScanView]


def convert(
    folder: Path,
    out: Path,
    split: str,
    say: Callable[[str], None] = lambda text: None,
    most_rendered: int = rendered.DEFAULT,
) -> tuple[int, int]:
    """Convert a folder of captures into a data set; returns how many captures and objects it has.

    Everything is read and checked first, and the data set appears whole or not at all. most_rendered: views that are
    rendered in the gaps between the captures of an object with poses, at most; they follow its captures. say: is told
    how many were, and what is left out, here or in training, and why. Raises DatasetError that names the file and what
    is wrong with it.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty, expected a new folder for the captures")
    try:
        objects = object_folders(folder)
    except ScanError as error:
        raise DatasetError(str(error)) from error
    scenes: list[_Scene] = []
    small: list[str] = []
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
    count = sum(len(scene.captures) for scene in scenes)
    if small:
        say(
            f"{len(small)} of {count} captures show fewer than {FEWEST_PIXELS} pixels of the object with a depth, and "
            f"training leaves them out: come closer or take larger pictures ({some_of(small)})"
        )
    draft = out.with_name(f".{out.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        (draft / split).mkdir(parents=True, exist_ok=True)
        more: dict[str, int] = {}
        for index, scene in enumerate(scenes):
            name = f"{index:06d}"
            made = _between(scene, most_rendered)
            written = write_scene(draft / split / name, chain(scene.captures, made), index + 1)
            if found := written - len(scene.captures):
                more[name] = found
            if scene.posed and most_rendered:
                say(rendered.sentence(scene.folder, len(scene.captures), found))
        if most_rendered:
            for path in dict.fromkeys(scene.folder for scene in scenes if not scene.posed):
                say(rendered.unposed(path))
        write_whole(draft / "camera.json", json_bytes(_camera_file(scenes[0].captures[0].camera)))
        write_whole(draft / "manifest.json", json_bytes(_manifest(folder, split, len(scenes), count, more)))
        if out.exists():
            out.rmdir()
        os.replace(draft, out)
    except OSError as error:
        raise DatasetError(f"{out} cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return count, len(scenes)


def _read(folder: Path) -> tuple[list[ScanView], list[str]]:
    """The captures of an object, and a sentence each for files that belong to none."""
    try:
        return read_views(folder), left_out(folder)
    except ScanError as error:
        raise DatasetError(str(error)) from error


def _scenes(folder: Path, views: list[ScanView]) -> list[_Scene]:
    if views[0].camera_from_object is not None and len(views) > 1:
        check = check_scan(views)
        if not check.good and (check.pairs or check.remedy):
            raise DatasetError(f"{folder} contradicts itself: {check}")
    captures = [_view(folder, view) for view in views]
    if views[0].camera_from_object is None:
        return [_Scene(folder, [view], []) for view in captures]
    return [_Scene(folder, captures, views)]


def _between(scene: _Scene, most: int) -> Iterator[RenderedView]:
    """Views rendered in the gaps between a scene's captures, but for those that have the frame's origin behind them."""
    for view in rendered.rendered_of(scene.posed, most):
        if view.pose[2, 3] > 0:
            yield _view(scene.folder, view)


def _view(folder: Path, view: ScanView) -> RenderedView:
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


def _manifest(folder: Path, split: str, scenes: int, captures: int, more: dict[str, int]) -> dict[str, Any]:
    """more: how many of the last images of a scene, by its folder, are rendered from those before them."""
    return {
        "format_version": FORMAT_VERSION,
        "source": "captures",
        "folder": folder.name,
        "scenes": scenes,
        "views": captures + sum(more.values()),
        "rendered": more,
        "split": split,
    }
