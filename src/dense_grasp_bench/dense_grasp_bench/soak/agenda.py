"""Things to do later, done from within the waits of one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class _Item:
    due: float
    number: int
    action: Callable[[], None] = field(compare=False)
    background: bool = field(compare=False)


class Agenda:
    """Actions with the time that they are due; `tick` does those whose time has come."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._items: list[_Item] = []
        self._count = 0

    def after(self, delay: float, action: Callable[[], None], background: bool = False) -> None:
        """Do `action` in `delay` s or soon after. background: it does not count as something left to do."""
        self._count += 1
        self._items.append(_Item(self._now() + delay, self._count, action, background))
        self._items.sort()

    def tick(self) -> None:
        """Do what is due, in order. An action may wait, and so tick, itself."""
        while self._items and self._items[0].due <= self._now():
            self._items.pop(0).action()

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return all(item.background for item in self._items)
