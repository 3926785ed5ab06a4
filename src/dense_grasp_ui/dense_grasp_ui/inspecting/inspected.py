"""The pictures that are inspected: read when they are shown, described when something is pointed at in them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from dense_grasp_core.object_model.scan_files import file_bytes, upright
from numpy.typing import NDArray

from dense_grasp_ui.inspecting.picture_files import short_names
from dense_grasp_ui.pictures.heat import Described
from dense_grasp_ui.pictures.network import Network
from dense_grasp_ui.pictures.newest import PictureError

T = TypeVar("T")
#: Pictures kept in memory, with their descriptors at most some 20 MB each.
KEPT = 8


class Inspected:
    """Pictures by number, "0" first; `names` tells them apart. Thread-safe.

    longest_side: px to which a larger picture is shrunk before it is shown and described.
    """

    def __init__(self, files: list[Path], network: Network, longest_side: int):
        self.files, self.names = files, short_names(files)
        self._network, self._longest = network, longest_side
        self._lock = threading.Lock()
        self._read: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._described: OrderedDict[int, Described] = OrderedDict()

    def rgb(self, key: str) -> NDArray[np.uint8]:
        """The picture (H, W, 3), turned as its EXIF asks. Raises PictureError and ScanError."""
        number = self._number(key)
        return self._kept(self._read, number, lambda: self._file(self.files[number]))

    def get(self, key: str) -> Described:
        """The picture with its descriptors. Raises DenseGraspError."""
        number = self._number(key)
        return self._kept(self._described, number, lambda: self._network.describe(self.names[number], self.rgb(key)))

    def _number(self, key: str) -> int:
        if not (key.isascii() and key.isdigit() and int(key) < len(self.files)):
            raise PictureError(f"picture is {key[:40]!r}, expected a number from 0 to {len(self.files) - 1}")
        return int(key)

    def _kept(self, kept: OrderedDict[int, T], number: int, make: Callable[[], T]) -> T:
        with self._lock:
            if number in kept:
                kept.move_to_end(number)
                return kept[number]
        made = make()
        with self._lock:
            kept[number] = made
            while len(kept) > KEPT:
                kept.popitem(last=False)
        return made

    def _file(self, path: Path) -> NDArray[np.uint8]:
        rgb = np.ascontiguousarray(upright(path, file_bytes(path))[..., ::-1])
        scale = self._longest / max(rgb.shape[:2])
        if scale >= 1.0:
            return rgb
        return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
