"""The newest picture, from the thread that receives it to the web server's loop, encoded at most once."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import jpeg


@dataclass
class Frame:
    """One image (H, W, 3) RGB; `number` counts up from 1; at: when it came, time.monotonic(); told: what it shows."""

    number: int
    rgb: NDArray[np.uint8]
    at: float
    told: str = ""
    _jpeg: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

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

    def put(self, rgb: NDArray[np.uint8], told: str = "") -> None:
        """A new frame, with a line on what it shows where that needs one; those that wait for one are woken."""
        with self._lock:
            number = 1 if self._frame is None else self._frame.number + 1
            self._frame = Frame(number, rgb, time.monotonic(), told)
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
