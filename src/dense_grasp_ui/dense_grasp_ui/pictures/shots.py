"""What the camera showed when a scan took each of its pictures: the scan itself is there at its end only. No ROS."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError, small_jpeg


class Shots:
    """Small pictures of the scan that runs, or ran last, by number. Thread-safe.

    A picture that the page did not get is left out: its number has none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pictures: dict[int, bytes] = {}
        #: scans so far: another one for pictures of another scan
        self.scan = 0

    def begin(self) -> None:
        """A scan begins."""
        with self._lock:
            self._pictures, self.scan = {}, self.scan + 1

    def put(self, number: int, rgb: NDArray[np.uint8]) -> None:
        """The camera shows this (H, W, 3) now that picture `number` is taken; one that is known stays."""
        with self._lock:
            if number not in self._pictures:
                self._pictures[number] = small_jpeg(rgb)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of those that there are."""
        with self._lock:
            return tuple(self._pictures)

    def get(self, scan: int, number: int) -> bytes:
        """JPEG of one. Raises PictureError."""
        with self._lock:
            found = self._pictures.get(number) if scan == self.scan else None
        if found is None:
            raise PictureError("that picture of a scan is no longer kept")
        return found
