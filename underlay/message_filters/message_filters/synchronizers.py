"""Sets of messages that belong to the same time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration

from message_filters.filters import SimpleFilter, stamp_of

_Queue = dict[int, Any]  # stamp in nanoseconds -> message


class TimeSynchronizer(SimpleFilter):
    """Calls back with one message of every input filter that carry exactly the same stamp.

    Each input keeps queue_size messages while the others' are missing; the oldest stamp goes first.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        super().__init__()
        self.queue_size = queue_size
        self.lock = threading.Lock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:
        """Take messages from the filters."""
        self.queues: list[_Queue] = [{} for _ in fs]
        self.input_connections = [
            f.registerCallback(self.add, queue, index) for index, (f, queue) in enumerate(zip(fs, self.queues))
        ]

    def add(self, msg: Any, my_queue: _Queue, my_queue_index: int | None = None) -> None:
        """Store a message of one input and call back with every set that is complete."""
        stamp = stamp_of(msg, False, "message_filters_exact")
        if stamp is None:
            return
        with self.lock:
            self._store(my_queue, stamp.nanoseconds, msg)
            common = set(self.queues[0]).intersection(*self.queues[1:])
            for time in sorted(common):
                self.signalMessage(*[queue.pop(time) for queue in self.queues])

    def _store(self, queue: _Queue, stamp: int, msg: Any) -> None:
        queue[stamp] = msg
        while len(queue) > self.queue_size:
            del queue[min(queue)]


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Calls back with one message of every input filter whose stamps differ by less than slop seconds."""

    def __init__(
        self, fs: Sequence[SimpleFilter], queue_size: int, slop: float, allow_headerless: bool = False
    ) -> None:
        super().__init__(fs, queue_size)
        self.slop = Duration(seconds=slop)
        self.allow_headerless = allow_headerless

    def add(self, msg: Any, my_queue: _Queue, my_queue_index: int | None = None) -> None:
        """Store a message of one input and call back with the set nearest to it, if that is complete."""
        time = stamp_of(msg, self.allow_headerless, "message_filters_approx")
        if time is None:
            return
        stamp, slop = time.nanoseconds, self.slop.nanoseconds
        with self.lock:
            self._store(my_queue, stamp, msg)
            candidates = []
            for index, queue in enumerate(self.queues):
                near = [stamp] if index == my_queue_index else [s for s in queue if abs(s - stamp) <= slop]
                candidates.append(sorted(near, key=lambda s: abs(s - stamp)))
            for stamps in itertools.product(*candidates):
                matched = list(zip(self.queues, stamps))
                if max(stamps) - min(stamps) < slop and all(s in queue for queue, s in matched):
                    self.signalMessage(*[queue.pop(s) for queue, s in matched])
                    break
