"""The pictures that can be pointed at: the live one, and those that were kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.heat import Described

LIVE = "live"
#: Kept pictures, about 4 MB each with their descriptors; the oldest goes when there is another.
MOST = 8


class PicturesByKey(Protocol):
    """What the routes show: both raise DenseGraspError with what to do."""

    def rgb(self, key: str) -> NDArray[np.uint8]:
        """The picture (H, W, 3)."""

    def get(self, key: str) -> Described:
        """The picture with its descriptors."""


class Pictures:
    """live: the newest described image, None while there is none. Thread-safe."""

    def __init__(self, live: Callable[[], Described | None] = lambda: None, most: int = MOST):
        self._live, self._most = live, most
        self._lock = threading.Lock()
        self._kept: dict[str, Described] = {}
        self._count = 0

    def add(self, picture: Described) -> str:
        """Keep a picture; its key."""
        with self._lock:
            self._count += 1
            key = f"picture-{self._count}"
            self._kept[key] = picture
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
            return key

    def keep_live(self) -> str:
        """Keep what the camera shows now; its key. Raises PictureError without a described image."""
        live = self.get(LIVE)
        with self._lock:
            name = f"Picture {self._count + 1}"
        return self.add(Described(name, live.rgb, live.features, live.stride, live.model_id))

    def rgb(self, key: str) -> NDArray[np.uint8]:
        """The picture alone, (H, W, 3). Raises PictureError with what to do."""
        return self.get(key).rgb

    def get(self, key: str) -> Described:
        """Raises PictureError with what to do."""
        if key == LIVE:
            live = self._live()
            if live is None:
                raise PictureError("no described image has come yet: is descriptor_node running, does the camera send?")
            return live
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            raise PictureError("that picture is no longer kept: choose another")
        return found

    def names(self) -> dict[str, str]:
        """Names by key, the oldest first, without the live one."""
        with self._lock:
            return {key: picture.name for key, picture in self._kept.items()}
