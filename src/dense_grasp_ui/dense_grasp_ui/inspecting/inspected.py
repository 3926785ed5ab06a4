"""The pictures that are inspected: read when they are shown, described when something is pointed at in them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.object_model.scan_files import file_bytes, upright
from numpy.typing import NDArray

from dense_grasp_ui.inspecting.picture_files import short_names
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.heat import Described
from dense_grasp_ui.pictures.network import Network

#: Pictures kept in memory, with their descriptors at most some 20 MB each.
KEPT = 8


class Inspected:
    """Pictures by number, "0" first; `names` tells them apart. Thread-safe.

    longest_side: px to which a larger picture is shrunk before it is shown and described.
    """

    def __init__(self, files: list[Path], network: Network, longest_side: int):
        self.files, self.names = files, short_names(files)
        self._network, self._longest = network, longest_side
        self._rgb = lru_cache(KEPT)(self._read)
        self._described = lru_cache(KEPT)(self._describe)

    def rgb(self, key: str) -> NDArray[np.uint8]:
        """The picture (H, W, 3), turned as its EXIF asks. Raises PictureError and ScanError."""
        return self._rgb(self._number(key))

    def get(self, key: str) -> Described:
        """The picture with its descriptors. Raises DenseGraspError."""
        return self._described(self._number(key))

    def _number(self, key: str) -> int:
        if not (key.isascii() and key.isdigit() and int(key) < len(self.files)):
            raise PictureError(f"picture is {key[:40]!r}, expected a number from 0 to {len(self.files) - 1}")
        return int(key)

    def _describe(self, number: int) -> Described:
        return self._network.describe(self.names[number], self._rgb(number))

    def _read(self, number: int) -> NDArray[np.uint8]:
        path = self.files[number]
        rgb = np.ascontiguousarray(upright(path, file_bytes(path))[..., ::-1])
        scale = self._longest / max(rgb.shape[:2])
        if scale >= 1.0:
            return rgb
        return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
