"""Writer of a scan: the layout that `scan` reads, which is one scene of BOP too.

<scan>/camera.json, poses.json, rgb/000000.png, depth/000000.png, mask/000000.png     as `scan` has them
       scene_camera.json, scene_gt.json, scene_gt_info.json, mask_visib/000000_000000.png     as BOP has them
       surface.ply    points of the fused surface with normals and colours, metres
       scan.json      where it comes from, the source of each picture, what the check found, coverage
       pictures of it, if there are any
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.bop_scene import DEPTH_SCALE, SceneImage, json_bytes, scene_annotations
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.scan import ScanError, ScanView

_JPEG_QUALITY = 95
_PNG_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 2]
_CAMERA = ("fx", "fy", "cx", "cy", "width", "height")


def write_scan(
    folder: Path,
    views: Sequence[ScanView],
    surface: Surface,
    about: Mapping[str, Any],
    pictures: Mapping[str, NDArray[np.uint8]] | None = None,
    lossy: bool = False,
) -> None:
    """Write the scan as the new folder, whole or not at all; its views are numbered, `scan.json` keeps their names.

    about: more of scan.json. pictures: further RGB pictures by name. lossy: colour as JPEG, for pictures that were it.
    Raises ScanError for a folder that holds something, for views of several cameras, and when the disk refuses.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScanError(f"{folder} holds something already, expected a new folder for the scan")
    if any(view.camera != views[0].camera for view in views):
        raise ScanError("the pictures come from several cameras or picture sizes, expected one")
    if views[0].camera.distorts:
        raise ScanError(f"the camera has the distortion {views[0].camera.distortion}, expected undistorted pictures")
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        draft.mkdir(parents=True)
        _write(draft, _annotation_files(views, surface, about))
        for index, view in enumerate(views):
            _write(draft, _view_files(view, f"{index:06d}", lossy))
        _write(draft, {name: _encoded(".png", rgb[..., ::-1], _PNG_FAST) for name, rgb in (pictures or {}).items()})
        if folder.exists():
            folder.rmdir()
        os.replace(draft, folder)
    except OSError as error:
        raise ScanError(f"the scan {folder} cannot be written, nothing of it is kept: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def _annotation_files(views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any]) -> dict[str, bytes]:
    camera = {name: getattr(views[0].camera, name) for name in _CAMERA} | {"depth_scale": DEPTH_SCALE}
    names = [f"{index:06d}" for index in range(len(views))]
    images = [SceneImage(view.camera, view.pose, view.mask, view.mask) for view in views]
    sources = {name: view.name for name, view in zip(names, views, strict=True)}
    return {
        "camera.json": json_bytes(camera),
        "poses.json": json_bytes({name: view.pose.tolist() for name, view in zip(names, views, strict=True)}),
        "scan.json": json_bytes({"pictures": sources, **about}),
        "surface.ply": surface.ply(),
        **scene_annotations(images, 1),
    }


def _view_files(view: ScanView, name: str, lossy: bool) -> dict[str, bytes]:
    depth = np.rint(view.depth * 1000.0 / DEPTH_SCALE)
    if depth.max() > np.iinfo(np.uint16).max:
        depth = np.where(depth > np.iinfo(np.uint16).max, 0, depth)  # 6.5 m and more away: not of an object on a table
    mask = _encoded(".png", view.mask.astype(np.uint8) * 255, _PNG_FAST)
    bgr = np.ascontiguousarray(view.rgb[..., ::-1])
    suffix, options = (".jpg", [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]) if lossy else (".png", _PNG_FAST)
    return {
        f"rgb/{name}{suffix}": _encoded(suffix, bgr, options),
        f"depth/{name}.png": _encoded(".png", depth.astype(np.uint16), _PNG_FAST),
        f"mask/{name}.png": mask,
        f"mask_visib/{name}_000000.png": mask,
    }


def _encoded(suffix: str, image: NDArray, options: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, image, options)
    if not done:
        raise ScanError(f"image {image.shape} {image.dtype} cannot be encoded as {suffix}")
    return data.tobytes()
