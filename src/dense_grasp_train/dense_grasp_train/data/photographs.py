"""Real photographs to measure on: a folder of the user's, or those that come with scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.wording import some_of
from numpy.typing import NDArray

from dense_grasp_train.render.textures import load_photo, photo_files

_COLOURED = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg")
AT_MOST = 8


class PhotographError(DenseGraspError):
    """No photographs where some are needed."""


def photographs(
    folder: Path | None, size: tuple[int, int], say: Callable[[str], None] = lambda text: None
) -> dict[str, NDArray]:
    """Up to eight photographs (H, W, 3) uint8 RGB by name, cut to the shape of ``size`` = (height, width) and resized.

    Without a folder: scikit-image's colour photographs. say: is told which files cannot be read. Raises PhotographError
    when there are none.
    """
    files = photo_files(None if folder is None else str(folder))
    if folder is None:
        files = tuple(file for file in files if file.name in _COLOURED)
    where = f"folder {folder}" if folder is not None else "the package scikit-image"
    found: dict[str, NDArray] = {}
    unreadable = []
    for file in files:
        if len(found) == AT_MOST:
            break
        image = load_photo(file)
        if image is None:
            unreadable.append(file.name)
        else:
            found[file.name] = _fitted(image, size)
    if not found:
        first = f", the first is {files[0].name}" if files else ""
        raise PhotographError(f"none of the {len(files)} files of {where} can be read{first}; expected at least one")
    if unreadable:
        say(f"{len(unreadable)} files of {where} are left out, they cannot be read as pictures: {some_of(unreadable)}")
    return found


def _fitted(image: NDArray, size: tuple[int, int]) -> NDArray:
    height, width = image.shape[:2]
    scale = max(size[0] / height, size[1] / width)
    cut = (min(height, round(size[0] / scale)), min(width, round(size[1] / scale)))
    top, left = (height - cut[0]) // 2, (width - cut[1]) // 2
    part = np.ascontiguousarray(image[top : top + cut[0], left : left + cut[1]])
    return cv2.resize(part, size[::-1], interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
