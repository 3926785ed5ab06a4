"""The newest picture, from the thread that receives it to the web server's loop, encoded at most once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import jpeg

#: An image (H, W, 3) RGB, and what it shows in a line, "" where that is plain.
Painted = tuple[NDArray[np.uint8], str]


class Frame:
    """One image; `number` counts up from 1; at: when it came, time.monotonic(). paint: gives the image, called by the
    first who looks and in that one's thread.
    """

    def __init__(self, number: int, at: float, paint: Callable[[], Painted]):
        self.number, self.at = number, at
        self._paint = paint
        self._painted: Painted | None = None
        self._jpeg = b""
        self._lock = threading.RLock()

    def painted(self) -> Painted:
        """The image (H, W, 3) RGB, and what it shows."""
        with self._lock:
            if self._painted is None:
                self._painted = self._paint()
            return self._painted

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The image (H, W, 3)."""
        return self.painted()[0]

    def jpeg(self) -> bytes:
        """The image as JPEG, encoded by the first who asks."""
        with self._lock:
            self._jpeg = self._jpeg or jpeg(self.rgb)
            return self._jpeg


class NewestFrame:
    """Holds one frame. `put` in any thread; `after` in the loop of the web server."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def frame(self) -> Frame | None:
        """The newest, None before the first."""
        return self._frame

    def put(self, rgb: NDArray[np.uint8]) -> None:
        """A new frame; those that wait for one are woken."""
        self.put_unpainted(lambda: (rgb, ""))

    def put_unpainted(self, paint: Callable[[], Painted]) -> None:
        """A new frame that is painted when somebody looks at it; see Frame."""
        with self._lock:
            number = 1 if self._frame is None else self._frame.number + 1
            self._frame = Frame(number, time.monotonic(), paint)
            waiting, self._waiting = self._waiting, []
        for loop, future in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)

    async def after(self, number: int, timeout: float) -> Frame | None:
        """The newest frame, once it has another number than `number`; None when there is none within `timeout` s."""
        with self._lock:
            if self._frame is not None and self._frame.number != number:
                return self._frame
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            entry = (loop, future)
            self._waiting.append(entry)
        try:
            await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            return None
        finally:
            with self._lock:
                if entry in self._waiting:
                    self._waiting.remove(entry)
        return self._frame


def _wake(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)
