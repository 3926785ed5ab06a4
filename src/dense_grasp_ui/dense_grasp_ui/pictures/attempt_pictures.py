"""What the camera showed when the points of an attempt were found: one small picture each. No ROS."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError, small_jpeg

#: Width of one, px.
WIDTH = 320


class AttemptPictures:
    """The last `most` of them, by the number of the attempt. Thread-safe."""

    def __init__(self, most: int):
        self._most = most
        self._lock = threading.Lock()
        self._pictures: dict[int, bytes] = {}
        self._sizes: dict[int, tuple[int, int]] = {}

    def put(self, number: int, rgb: NDArray[np.uint8]) -> None:
        """The camera shows this (H, W, 3); an attempt that has a picture keeps it."""
        with self._lock:
            if number in self._pictures:
                return
            self._pictures[number] = small_jpeg(rgb, WIDTH)
            self._sizes[number] = rgb.shape[1], rgb.shape[0]
            while len(self._pictures) > self._most:
                oldest = next(iter(self._pictures))
                del self._pictures[oldest], self._sizes[oldest]

    def size(self, number: int) -> tuple[int, int] | None:
        """Width and height, px, of the camera's picture; None where there is none."""
        with self._lock:
            return self._sizes.get(number)

    def get(self, number: int) -> bytes:
        """JPEG of one. Raises PictureError."""
        with self._lock:
            found = self._pictures.get(number)
        if found is None:
            raise PictureError("that picture of a grasp is no longer kept")
        return found
