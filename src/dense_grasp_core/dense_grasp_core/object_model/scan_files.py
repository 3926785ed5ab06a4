"""The files of a scan as they lie on a disk: pictures, masks and depth, whatever a copy made of names and links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
_LONGEST_LINK = 300  # bytes; no picture is that short
_JPEG_NOISE = 127  # JPEG blurs a mask of 0 and 255 around its edge


class ScanError(DenseGraspError):
    """A folder that is no scan, or a scan that contradicts itself."""


def read_json(path: Path) -> Any:
    """A JSON file, before whose text a byte order mark may stand. Raises ScanError that names the file."""
    try:
        return json.loads(followed_link(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ScanError(f"{path} does not exist, expected a file of a scan") from error
    except (OSError, ValueError) as error:
        raise ScanError(f"{path} cannot be read as JSON: {error}") from error


def pictures_of(folder: Path) -> dict[str, Path]:
    """Name → file of the pictures in a folder, by name; suffixes in any case, hidden files skipped.

    Raises ScanError for two pictures of one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith("."):
            if path.stem in found:
                raise ScanError(f"{folder} has {found[path.stem].name} and {path.name}, expected one picture of a name")
            found[path.stem] = path
    return found


def picture_named(pictures: dict[str, Path], folder: Path, name: str) -> Path:
    """The picture of this name. Raises ScanError where the folder lacks it."""
    if name not in pictures:
        raise ScanError(f"{folder} lacks {name} ({', '.join(PICTURE_SUFFIXES)}), which its capture needs")
    return pictures[name]


def followed_link(path: Path) -> Path:
    """The file or folder itself, or the one that a link leads to which a disk without links keeps as a text."""
    if not path.is_file() or path.stat().st_size > _LONGEST_LINK:
        return path
    try:
        text = path.read_text(encoding="utf-8").strip()
        target = path.parent / text
        return target if text and target.exists() else path
    except (UnicodeDecodeError, ValueError, OSError):
        return path


def read_image(path: Path) -> NDArray:
    """An image as its pixels are stored, (H, W[, C in the file's order, BGR]). Raises ScanError that names the file."""
    return decoded(path, file_bytes(path))


def file_bytes(path: Path) -> NDArray[np.uint8]:
    """The content of a file, links followed. Raises ScanError that names it."""
    try:
        return np.fromfile(followed_link(path), np.uint8)
    except OSError as error:
        raise ScanError(f"{path} cannot be read: {error}") from error


def decoded(path: Path, data: NDArray[np.uint8], flags: int = cv2.IMREAD_UNCHANGED) -> NDArray:
    """The image in the bytes of a file; by default as its pixels are stored, not turned by EXIF."""
    image = cv2.imdecode(data, flags) if len(data) else None
    if image is None:
        raise ScanError(f"{path} is no readable image ({len(data)} bytes), expected a whole PNG or JPEG")
    return image


def upright(path: Path, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colour image (H, W, 3), BGR, in the bytes of a file, turned as its EXIF asks for a look at it."""
    return np.asarray(decoded(path, data, cv2.IMREAD_COLOR), np.uint8)


def mask_of(path: Path, image: NDArray) -> NDArray[np.bool_]:
    """Where the object is (H, W), from a picture of it: not 0, in its alpha channel where only that says something.

    A JPEG is cut half way up, because it does not keep zeros. Raises ScanError for a JPEG whose values are too low for
    that.
    """
    colour = image if image.ndim == 2 else image[..., :3].max(2)
    if (image.ndim == 3 and image.shape[2] == 4 and colour.min() > 0) or (image.ndim == 3 and not colour.any()):
        colour = image[..., -1]
    if path.suffix.lower() == ".png":
        return np.asarray(colour > 0)
    if 0 < colour.max() <= _JPEG_NOISE:
        raise ScanError(
            f"{path} is a JPEG whose largest value is {colour.max()}, expected 255 on the object: JPEG does not keep "
            "small numbers; save the mask as PNG"
        )
    return np.asarray(colour > _JPEG_NOISE)


def looks_inverted(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask (H, W) covers nearly all of the picture's border and has a hole: not 0 where the object is not."""
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return bool(border.mean() > 0.9 and 0 < (~mask).mean() < 0.9)


def depth_of(folder: Path, pictures: dict[str, Path], name: str, depth_scale: float) -> NDArray[np.float64]:
    """Depth (H, W) in metres, 0 where it is unknown: NAME.npy, or a picture of 16 bit."""
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
        path = picture_named(pictures, folder, name)
        depth = read_image(path)
        if depth.ndim != 2 or depth.dtype != np.uint16:
            raise ScanError(f"{path} is {depth.dtype} {depth.shape}, expected 16 bit (H, W)")
        metres = depth * (depth_scale / 1000.0)
    return np.where(np.isfinite(metres) & (metres > 0), metres, 0.0)
