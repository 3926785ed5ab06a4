"""Holding messages until their partners of the same stamp arrive, and handing work to a thread, newest first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class StampCache(Generic[T]):
    """The last `size` messages by stamp.

    Forgets in order of arrival, not of stamp: after a clock that jumps back (a looped bag, a restarted simulation)
    the new, smaller stamps have to win. Safe to use from several threads.
    """

    def __init__(self, size: int):
        if size < 1:
            raise ValueError(f"size of a StampCache is {size}, expected at least 1")
        self._size = size
        self._items: OrderedDict[int, T] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, stamp: int, item: T) -> None:
        """Keep an item under its stamp in ns; an older item of the same stamp is replaced."""
        with self._lock:
            self._items.pop(stamp, None)
            self._items[stamp] = item
            while len(self._items) > self._size:
                self._items.popitem(last=False)

    def get(self, stamp: int, tolerance: int = 0) -> T | None:
        """The item whose stamp is nearest to this one, ns, and not more than `tolerance` ns away; or None."""
        with self._lock:
            found = self._near(stamp, tolerance)
            return None if found is None else self._items[found]

    def near(self, stamp: int, tolerance: int) -> int | None:
        """The stamp that `get` takes, ns, or None."""
        with self._lock:
            return self._near(stamp, tolerance)

    def _near(self, stamp: int, tolerance: int) -> int | None:
        if stamp in self._items:
            return stamp
        near = [other for other in self._items if abs(other - stamp) <= tolerance] if tolerance else []
        return min(near, key=lambda other: abs(other - stamp), default=None)

    @property
    def newest(self) -> int | None:
        """Stamp in ns of the item that arrived last, or None."""
        with self._lock:
            return next(reversed(self._items), None)

    @property
    def stamps(self) -> list[int]:
        """Stamps in ns of what is held, in order of arrival."""
        with self._lock:
            return list(self._items)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()


class LatestSlot(Generic[T]):
    """Room for one item between a producer and a worker thread: the newest replaces one that nobody took."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None

    def put(self, item: T) -> None:
        """Offer an item."""
        with self._condition:
            self._item = item
            self._condition.notify()

    def take(self, timeout: float) -> T | None:
        """The newest item, waiting up to `timeout` s for one; None when none came."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None, timeout)
            item, self._item = self._item, None
            return item
