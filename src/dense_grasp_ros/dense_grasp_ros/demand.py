"""Whether somebody needs a stream: it is subscribed to only while what it brings is asked for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator


class Demand:
    """Is wanted during `needed` and from a call of `want` on, until `lasts` s after the last one. Thread-safe.

    changed: called when the first one comes; that it ended is seen by whoever asks `is_wanted`. now: s, monotonic.
    """

    def __init__(
        self, changed: Callable[[], None] = lambda: None, lasts: float = 3.0, now: Callable[[], float] = time.monotonic
    ):
        self._changed, self._lasts, self._now = changed, lasts, now
        self._lock = threading.Lock()
        self._needs = 0
        self._last = float("-inf")

    def want(self) -> None:
        """Somebody looks."""
        with self.needed():
            pass

    @contextlib.contextmanager
    def needed(self) -> Iterator[None]:
        """Somebody needs it while inside."""
        with self._lock:
            was_wanted = self._is_wanted()
            self._needs += 1
            self._last = self._now()
        try:
            if not was_wanted:
                self._changed()
            yield
        finally:
            with self._lock:
                self._needs -= 1
                self._last = self._now()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody needs it, or did within the last `lasts` s."""
        with self._lock:
            return self._is_wanted()

    def _is_wanted(self) -> bool:
        return self._needs > 0 or self._now() - self._last < self._lasts
