"""The last messages of a filter."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.time import Time

from message_filters.filters import SimpleFilter, stamp_of


class Cache(SimpleFilter):
    """Keeps the last cache_size messages of a filter, in order of arrival, and passes them on."""

    def __init__(self, f: SimpleFilter, cache_size: int = 1, allow_headerless: bool = False) -> None:
        super().__init__()
        self.cache_size = cache_size
        self.allow_headerless = allow_headerless
        self.cache_msgs: list[Any] = []
        self.cache_times: list[Time] = []
        self._lock = threading.Lock()
        self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:
        """Take messages from a filter."""
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Store a message and pass it on."""
        stamp = stamp_of(msg, self.allow_headerless, "message_filters_cache")
        if stamp is None:
            return
        with self._lock:
            self.cache_msgs.append(msg)
            self.cache_times.append(stamp)
            if len(self.cache_msgs) > self.cache_size:
                del self.cache_msgs[0], self.cache_times[0]
        self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages stamped from from_stamp to to_stamp, both included."""
        assert from_stamp <= to_stamp
        return [msg for msg, time in self._items() if from_stamp <= time <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any:
        """Return the first message stamped at or after stamp, or None."""
        return next((msg for msg, time in self._items() if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any:
        """Return the last message stamped at or before stamp, or None."""
        return next((msg for msg, time in reversed(self._items()) if time <= stamp), None)

    def getLastestTime(self) -> Time | None:
        """Return the stamp of the last message, or None."""
        items = self._items()
        return items[-1][1] if items else None

    def getOldestTime(self) -> Time | None:
        """Return the stamp of the first stored message, or None."""
        items = self._items()
        return items[0][1] if items else None

    def getLast(self) -> Any:
        """Return the first message stamped at or after the last one's stamp, or None."""
        latest = self.getLastestTime()
        return None if latest is None else self.getElemAfterTime(latest)

    def _items(self) -> list[tuple[Any, Time]]:
        with self._lock:
            return list(zip(self.cache_msgs, self.cache_times))
