"""A film of a session, written by OpenCV: no encoder of its own has to be installed for it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

# VP8: every browser plays it, and it encodes 640x480 in 25 ms on one core; OpenCV's H.264 is not in every build.
CODEC = "VP80"


@contextlib.contextmanager
def _standard_error_closed() -> Iterator[None]:
    """OpenCV complains straight to the process's standard error that WebM knows no four-letter codes, and goes on."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Film:
    """A WebM film that grows by the frame; safe to feed from a callback. Use as a context manager.

    path: ends in ``.webm``; nothing is written before the first frame. Raises OSError where it cannot be written.
    """

    def __init__(self, path: Path, fps: float):
        self._path = path
        self._fps = fps
        self._lock = threading.Lock()
        self._writer: cv2.VideoWriter | None = None
        self.frames = 0

    def add(self, rgb: np.ndarray) -> None:
        """Append a frame (H, W, 3) uint8; the first one fixes the size."""
        with self._lock:
            if self._writer is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                size = (rgb.shape[1], rgb.shape[0])
                code = cv2.VideoWriter.fourcc(*CODEC)
                with _standard_error_closed():
                    self._writer = cv2.VideoWriter(str(self._path), cv2.CAP_FFMPEG, code, self._fps, size)
                if not self._writer.isOpened():
                    raise OSError(f"film {self._path} cannot be written: OpenCV's {CODEC} encoder does not start")
            self._writer.write(np.ascontiguousarray(rgb[..., ::-1]))
            self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        with self._lock:
            if self._writer is not None:
                self._writer.release()
                self._writer = None

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
