"""A scan on disk: colour pictures of one object with depth, masks and poses.

    <folder>/camera.json                  fx, fy, cx, cy (px) and depth_scale (millimetres of a depth value of 1); width
                                          and height where the maker knows them. Or in the object's own folder
    <folder>/<object>/rgb/NAME.png        or .jpg
                      depth/NAME.png      16 bit, aligned to the colour; or NAME.npy in metres
                      mask/NAME.png       not 0 where the object is
                      poses.json          NAME -> camera_from_object, 4 x 4, metres

Suffixes may be in capitals, hidden files are skipped, and a link that a copy turned into a text file is followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraError, CameraModel

FEWEST_PIXELS = 500
_SUFFIXES = (".png", ".jpg", ".jpeg")
_ROTATION_TOLERANCE = 1e-3
_LONGEST_LINK = 300  # bytes; no picture is that short


class ScanError(DenseGraspError):
    """A folder that is no scan, or a scan that contradicts itself."""


@dataclass(frozen=True)
class ScanView:
    """One picture of an object.

    rgb (H, W, 3) uint8; depth (H, W) metres along the optical axis, 0 where unknown; mask (H, W) bool;
    camera_from_object (4, 4), None where the folder has no poses.
    """

    name: str
    rgb: NDArray[np.uint8]
    depth: NDArray[np.float64]
    mask: NDArray[np.bool_]
    camera: CameraModel
    camera_from_object: NDArray[np.float64] | None

    @property
    def pose(self) -> NDArray[np.float64]:
        """camera_from_object (4, 4). Raises ScanError without one."""
        if self.camera_from_object is None:
            raise ScanError(f"picture {self.name} has no pose, expected one in poses.json")
        return self.camera_from_object

    def surface_pixels(self) -> NDArray[np.int64]:
        """Pixels (n, 2), (u, v), of the object whose depth is known."""
        v, u = np.nonzero(self.mask & (self.depth > 0))
        return np.stack([u, v], 1)

    def points(self, pixels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Points (n, 3) in the object's frame, metres, at pixels (n, 2) whose depth is known."""
        points_camera = self.camera.deproject(pixels, self.depth[pixels[:, 1], pixels[:, 0]])
        return (points_camera - self.pose[:3, 3]) @ self.pose[:3, :3]


def read_scan(folder: Path) -> list[ScanView]:
    """The views of the scan of one object, each with its pose. Raises ScanError that names the file."""
    if not (folder / "poses.json").is_file():
        raise ScanError(f"{folder} has no poses.json, expected the pose of every picture: a scan needs them")
    return read_views(folder)


def read_views(folder: Path) -> list[ScanView]:
    """The views of one object, without poses where the folder has none. Raises ScanError that names the file."""
    own = folder / "camera.json"
    camera, depth_scale = read_camera(own if own.is_file() else folder.parent / "camera.json")
    if not (folder / "rgb").is_dir():
        raise ScanError(f"{folder} has no folder rgb, expected the pictures of one object")
    names = sorted(path.stem for path in (folder / "rgb").iterdir() if _is_picture(path))
    if not names:
        raise ScanError(f"{folder}/rgb holds no picture, expected {', '.join(_SUFFIXES)}")
    path = folder / "poses.json"
    poses = _read_json(path) if path.is_file() else None
    return [
        _view(folder, name, camera, depth_scale, None if poses is None else _pose(path, name, poses)) for name in names
    ]


def read_camera(path: Path) -> tuple[dict[str, float], float]:
    """Intrinsics of a camera.json (fx, fy, cx, cy; width and height where it has them), and its depth_scale in mm."""
    values = _read_json(path)
    try:
        camera = {name: float(values[name]) for name in ("fx", "fy", "cx", "cy")}
        scale = float(values["depth_scale"])
        camera |= {name: float(values[name]) for name in ("width", "height") if name in values}
    except (KeyError, TypeError, ValueError) as error:
        raise ScanError(f"{path} lacks {error}, expected numbers fx, fy, cx, cy and depth_scale") from error
    if not (np.isfinite(scale) and scale > 0):
        raise ScanError(f"depth_scale in {path} is {scale}, expected millimetres above 0")
    return camera, scale


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ScanError(f"{path} does not exist, expected a file of a scan") from error
    except (OSError, ValueError) as error:
        raise ScanError(f"{path} cannot be read as JSON: {error}") from error


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _pose(path: Path, name: str, poses: Any) -> NDArray[np.float64]:
    try:
        pose = np.array(poses[name], float)
    except (KeyError, TypeError, ValueError) as error:
        raise ScanError(f"{path} has no pose for {name}, expected a 4x4 matrix: {error!r}") from error
    rigid = pose.shape == (4, 4) and np.isfinite(pose).all()
    if not rigid or np.abs(pose[:3, :3] @ pose[:3, :3].T - np.eye(3)).max() > _ROTATION_TOLERANCE:
        raise ScanError(f"pose of {name} in {path} is {pose.tolist()}, expected a rigid motion")
    return pose


def _view(
    folder: Path, name: str, camera: dict[str, float], depth_scale: float, pose: NDArray[np.float64] | None
) -> ScanView:
    rgb = _read_image(_picture(folder / "rgb", name))
    if rgb.ndim != 3 or rgb.dtype != np.uint8:
        raise ScanError(f"{folder}/rgb/{name} is {rgb.dtype} {rgb.shape}, expected a colour image of 8 bit")
    rgb = np.ascontiguousarray(rgb[..., 2::-1])
    depth = _depth(folder / "depth", name, depth_scale)
    mask = _read_image(_picture(folder / "mask", name))
    mask = (mask if mask.ndim == 2 else mask[..., :3].max(2)) > 0
    if not rgb.shape[:2] == depth.shape == mask.shape:
        raise ScanError(
            f"{folder}, {name}: colour {rgb.shape[:2]}, depth {depth.shape} and mask {mask.shape} differ in size"
        )
    known = mask & (depth > 0)
    if mask.sum() < FEWEST_PIXELS:
        raise ScanError(
            f"{folder}/mask/{name} covers {mask.sum()} pixels, expected at least {FEWEST_PIXELS}: does the mask miss "
            "the object?"
        )
    if known.sum() < 0.5 * mask.sum():
        raise ScanError(
            f"{folder}/depth/{name} is unknown (0 or NaN) on {1 - known.sum() / mask.sum():.0%} of the mask's pixels, "
            "expected less than half: does the mask miss the object?"
        )
    height, width = depth.shape
    stated = (camera.get("width", width), camera.get("height", height))
    if stated != (width, height):
        raise ScanError(
            f"{folder}, {name}: the picture has {width}x{height} px and its camera.json is for "
            f"{stated[0]:g}x{stated[1]:g}, expected the same; scale fx, fy, cx and cy by {width / stated[0]:g}"
        )
    try:
        model = CameraModel(width, height, camera["fx"], camera["fy"], camera["cx"], camera["cy"])
    except CameraError as error:
        raise ScanError(f"camera.json of {folder}: {error}") from error
    return ScanView(name, rgb, depth, mask, model, pose)


def _depth(folder: Path, name: str, depth_scale: float) -> NDArray[np.float64]:
    """Depth (H, W) in metres, 0 where it is unknown."""
    path = folder / f"{name}.npy"
    if path.is_file():
        try:
            depth = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ScanError(f"{path} cannot be read: {error}") from error
        if depth.ndim != 2 or not np.issubdtype(depth.dtype, np.floating):
            raise ScanError(f"{path} is {depth.dtype} {depth.shape}, expected metres (H, W)")
        metres = np.asarray(depth, float)
    else:
        path = _picture(folder, name)
        depth = _read_image(path)
        if depth.ndim != 2 or depth.dtype != np.uint16:
            raise ScanError(f"{path} is {depth.dtype} {depth.shape}, expected 16 bit (H, W)")
        metres = depth * (depth_scale / 1000.0)
    return np.where(np.isfinite(metres) & (metres > 0), metres, 0.0)


def _picture(folder: Path, name: str) -> Path:
    for suffix in _SUFFIXES:
        for path in (folder / f"{name}{suffix}", folder / f"{name}{suffix.upper()}"):
            if path.is_file():
                return path
    raise ScanError(f"{folder} lacks {name} ({', '.join(_SUFFIXES)}), which its capture needs")


def _read_image(path: Path) -> NDArray:
    """An image unchanged, (H, W[, C in the file's order, BGR])."""
    try:
        data = np.fromfile(followed_link(path), np.uint8)
    except OSError as error:
        raise ScanError(f"{path} cannot be read: {error}") from error
    # A turn that EXIF asks for would move the colour off its depth: the pixels count as they are stored.
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if image is None:
        raise ScanError(f"{path} is no readable image ({len(data)} bytes), expected a whole PNG or JPEG")
    return image


def followed_link(path: Path) -> Path:
    """The file itself, or the one that a link leads to which a disk without links keeps as a text with its target."""
    if not path.is_file() or path.stat().st_size > _LONGEST_LINK:
        return path
    try:
        target = path.parent / path.read_text(encoding="utf-8").strip()
        return target if target.is_file() else path
    except (UnicodeDecodeError, ValueError, OSError):
        return path
