"""JSON files and pictures of data sets, read whole or refused with the file's name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


class DatasetError(DenseGraspError):
    """A data set on disk is missing, half-written, of another format, or cannot be written."""


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises DatasetError that names the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist, expected a file of a generated data set") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as JSON: {error}") from error


def read_image(path: Path) -> NDArray:
    """Read an image unchanged (H, W[, C in file order BGR]). Raises DatasetError that names the file."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if image is None:
        raise DatasetError(f"{path} is no readable image ({len(data)} bytes), expected a whole PNG or JPEG")
    return image


def read_colour(path: Path) -> NDArray[np.uint8]:
    """Read a colour or grey image of 8 bit as RGB (H, W, 3). Raises DatasetError that names the file."""
    image = read_image(path)
    if image.dtype != np.uint8:
        raise DatasetError(f"{path} is {image.dtype} {image.shape}, expected an image of 8 bit")
    return np.repeat(image[..., None], 3, 2) if image.ndim == 2 else np.ascontiguousarray(image[..., 2::-1])


def find_picture(scene: Path, folders: tuple[str, ...], name: str) -> Path:
    """The picture `name` in the first of the scene's folders that has it. Raises DatasetError where none does."""
    for folder in folders:
        for suffix in _SUFFIXES:
            path = scene / folder / f"{name}{suffix}"
            if path.is_file():
                return path
    raise DatasetError(f"{scene} lacks {' or '.join(folders)}/{name} ({', '.join(_SUFFIXES)})")
