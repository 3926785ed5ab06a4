"""How much a browser may send: sizes, and a rate with a burst."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """What one browser may send. Sizes in bytes, rates in 1/s.

    A pointer that moves asks for a heatmap at most at the screen's rate (60 Hz); opening the page takes 40 requests.
    """

    message_bytes: int = 32_768
    body_bytes: int = 1024
    messages_per_s: float = 60.0
    message_burst: float = 200.0
    requests_per_s: float = 150.0
    request_burst: float = 400.0
    #: of all browsers of one address together, whatever cookies they make up
    address_times: int = 10
    websockets: int = 32


@dataclass
class Bucket:
    """A token bucket: `burst` at once, `rate` a second from then on. now: s, monotonic."""

    rate: float
    burst: float
    now: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.burst, self.now()

    def take(self) -> bool:
        """Whether one more may pass."""
        now = self.now()
        self._left = min(self.burst, self._left + self.rate * (now - self._at))
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken for so long that forgetting it changes nothing."""
        return self._left + self.rate * (self.now() - self._at) >= self.burst


class Buckets:
    """One bucket for each sender. Those that are full are forgotten, and no more than `most` are kept."""

    def __init__(self, rate: float, burst: float, most: int = 1000, now: Callable[[], float] = time.monotonic):
        self._rate, self._burst, self._most, self._now = rate, burst, most, now
        self._of: dict[str, Bucket] = {}

    def take(self, sender: str) -> bool:
        """Whether one more of this sender may pass."""
        if sender not in self._of and len(self._of) >= self._most:
            self._of = {name: bucket for name, bucket in self._of.items() if not bucket.is_full}
            if len(self._of) >= self._most:
                return False
        return self._of.setdefault(sender, Bucket(self._rate, self._burst, self._now)).take()
