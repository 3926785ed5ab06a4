"""Whether somebody looks: a stream is subscribed to only while a browser asks for what it shows."""

from __future__ import annotations

import time
from collections.abc import Callable

#: s without a question after which nobody looks any more.
LASTS_S = 3.0


class Demand:
    """Is wanted from a call of `want` on, until LASTS_S after the last one.

    changed: called when the first one comes; that it ended is seen by whoever asks `is_wanted`. now: s, monotonic.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None, now: Callable[[], float] = time.monotonic):
        self._changed, self._now = changed, now
        self._last = float("-inf")

    def want(self) -> None:
        """Somebody looks."""
        was_wanted, self._last = self.is_wanted, self._now()
        if not was_wanted:
            self._changed()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody looked within the last LASTS_S."""
        return self._now() - self._last < LASTS_S
