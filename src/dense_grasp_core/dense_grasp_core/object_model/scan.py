"""A scan on disk: colour pictures of one object with depth, masks and poses.

    <folder>/camera.json                  fx, fy, cx, cy (px) and depth_scale (millimetres of a depth value of 1); width
                                          and height where the maker knows them. Or in the object's own folder
    <folder>/<object>/rgb/NAME.png        or .jpg
                      depth/NAME.png      16 bit, aligned to the colour; or NAME.npy in metres
                      mask/NAME.png       not 0 where the object is; without the folder, the alpha channel of rgb
                      poses.json          NAME -> camera_from_object, 4 x 4, metres

Suffixes may be in capitals, hidden files are skipped, and a link that a copy turned into a text file is followed. A
picture that EXIF turns is read as its pixels are stored where depth and mask have that size, and turned where they have
the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraError, CameraModel
from dense_grasp_core.object_model.scan_files import (
    PICTURE_SUFFIXES,
    ScanError,
    decoded,
    depth_of,
    file_bytes,
    followed_link,
    looks_inverted,
    mask_of,
    picture_named,
    pictures_of,
    read_image,
    read_json,
    upright,
)
from dense_grasp_core.wording import some_of

__all__ = [
    "ScanError",
    "ScanView",
    "count_views",
    "followed_link",
    "left_out",
    "object_folders",
    "read_camera",
    "read_scan",
    "read_view",
    "read_views",
]

FEWEST_PIXELS = 500
_ROTATION_TOLERANCE = 1e-3
_MOST_INVERTED = 0.5  # of the masks


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


def count_views(folder: Path) -> int:
    """How many views the scan of one object has. Raises ScanError where there is none."""
    return len(_Files.of(folder).rgb)


def read_view(folder: Path, number: int) -> ScanView:
    """View `number`, from 0, of the scan of one object, as `read_scan` numbers them; the others are not read.

    Raises ScanError that names the file, IndexError for a view that there is not.
    """
    files = _Files.of(folder)
    name, path = list(files.rgb)[number], folder / "poses.json"
    return _view(files, name, *_camera_of(folder), _pose(path, name, read_json(path)))


def _camera_of(folder: Path) -> tuple[dict[str, float], float]:
    own = folder / "camera.json"
    return read_camera(own if own.is_file() else folder.parent / "camera.json")


def read_views(folder: Path) -> list[ScanView]:
    """The views of one object, without poses where the folder has none. Raises ScanError that names the file."""
    camera, depth_scale = _camera_of(folder)
    files = _Files.of(folder)
    path = folder / "poses.json"
    poses = read_json(path) if path.exists() else None
    views = [
        _view(files, name, camera, depth_scale, None if poses is None else _pose(path, name, poses))
        for name in files.rgb
    ]
    inverted = [view.name for view in views if looks_inverted(view.mask)]
    if len(inverted) > _MOST_INVERTED * len(views):
        raise ScanError(
            f"{len(inverted)} of {len(views)} masks of {folder} look inverted: {inverted[0]} covers the border of the "
            "picture and leaves a hole, expected not 0 where the object is; invert them"
        )
    return views


def left_out(folder: Path) -> list[str]:
    """A sentence each for depth, masks and poses of one object that belong to no colour picture, which nobody reads.

    Raises ScanError that names a file.
    """
    files = _Files.of(folder)
    arrays = {path.stem for path in followed_link(folder / "depth").glob("*.npy") if not path.name.startswith(".")}
    path = folder / "poses.json"
    there = {
        "files in depth/": {*files.depth, *arrays},
        "files in mask/": set(files.mask or ()),
        "poses in poses.json": set(read_json(path)) if path.exists() else set(),
    }
    alone = {kind: sorted(names - set(files.rgb)) for kind, names in there.items()}
    return [
        f"{folder}: {len(names)} of {len(there[kind])} {kind} are left out, rgb/ has no picture of that name: "
        f"{some_of(names)}"
        for kind, names in alone.items()
        if names
    ]


def object_folders(folder: Path) -> list[Path]:
    """The objects of a folder, by name; or the folder itself where it is one object. Raises ScanError for none."""
    if not folder.is_dir():
        raise ScanError(f"{folder} is no folder, expected pictures of an object")
    if followed_link(folder / "rgb").is_dir():
        return [folder]
    objects = sorted(path for path in folder.iterdir() if followed_link(path / "rgb").is_dir())
    if not objects:
        raise ScanError(f"{folder} holds no object, expected folders with rgb/, depth/ and mask/")
    if not all((path / "camera.json").is_file() for path in objects) and not (folder / "camera.json").is_file():
        raise ScanError(f"{folder}/camera.json does not exist, expected the intrinsics of the pictures")
    return objects


def read_camera(path: Path) -> tuple[dict[str, float], float]:
    """Intrinsics of a camera.json (fx, fy, cx, cy; width and height where it has them), and its depth_scale in mm."""
    values = read_json(path)
    try:
        camera = {name: float(values[name]) for name in ("fx", "fy", "cx", "cy")}
        scale = float(values["depth_scale"])
        camera |= {name: float(values[name]) for name in ("width", "height") if name in values}
    except (KeyError, TypeError, ValueError) as error:
        raise ScanError(f"{path} lacks {error}, expected numbers fx, fy, cx, cy and depth_scale") from error
    if not (np.isfinite(scale) and scale > 0):
        raise ScanError(f"depth_scale in {path} is {scale}, expected millimetres above 0")
    return camera, scale


@dataclass(frozen=True)
class _Files:
    """Pictures of an object by name; mask is None where the colour's alpha channel says where the object is."""

    folder: Path
    rgb: dict[str, Path]
    depth: dict[str, Path]
    mask: dict[str, Path] | None

    @classmethod
    def of(cls, folder: Path) -> _Files:
        if not followed_link(folder / "rgb").is_dir():
            raise ScanError(f"{folder} has no folder rgb, expected the pictures of one object")
        rgb, depth, mask = (pictures_of(followed_link(folder / kind)) for kind in ("rgb", "depth", "mask"))
        if not rgb:
            raise ScanError(f"{folder}/rgb holds no picture, expected {', '.join(PICTURE_SUFFIXES)}")
        return cls(folder, rgb, depth, mask if followed_link(folder / "mask").is_dir() else None)

    def mask_of(self, name: str, colour: NDArray) -> NDArray[np.bool_]:
        """The mask of a picture whose pixels are ``colour``, (H, W[, C])."""
        if self.mask is not None:
            path = picture_named(self.mask, self.folder / "mask", name)
            return mask_of(path, read_image(path))
        if colour.ndim == 3 and colour.shape[2] == 4:
            return np.asarray(colour[..., 3] > 0)
        raise ScanError(f"{self.folder} has no folder mask, expected one, or pictures whose alpha channel is the mask")


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
    files: _Files, name: str, camera: dict[str, float], depth_scale: float, pose: NDArray[np.float64] | None
) -> ScanView:
    folder = files.folder
    data = file_bytes(files.rgb[name])
    rgb = decoded(files.rgb[name], data)
    if rgb.ndim != 3 or rgb.dtype != np.uint8:
        raise ScanError(f"{folder}/rgb/{name} is {rgb.dtype} {rgb.shape}, expected a colour image of 8 bit")
    depth = depth_of(followed_link(folder / "depth"), files.depth, name, depth_scale)
    mask = files.mask_of(name, rgb)
    if rgb.shape[:2] != depth.shape == mask.shape:
        rgb = upright(files.rgb[name], data)
    if not rgb.shape[:2] == depth.shape == mask.shape:
        raise ScanError(
            f"{folder}, {name}: colour {rgb.shape[:2]}, depth {depth.shape} and mask {mask.shape} differ in size"
        )
    rgb = np.ascontiguousarray(rgb[..., 2::-1])
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
