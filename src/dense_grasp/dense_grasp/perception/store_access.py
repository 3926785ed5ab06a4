"""The descriptor store behind the services: opened when first needed, so that a damaged one does not stop the node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from dense_grasp_core.store import (
    AlreadyExistsError,
    DamagedRowError,
    DescriptorStore,
    InvalidNameError,
    ReadOnlyError,
    StoreError,
    TooManyRowsError,
    UnknownKeypointError,
)

T = TypeVar("T")
_HEALTHY = (
    AlreadyExistsError,
    DamagedRowError,
    InvalidNameError,
    ReadOnlyError,
    TooManyRowsError,
    UnknownKeypointError,
)


class StoreAccess:
    """Opens the store on first use and anew after a failure, so that a repaired file is picked up.

    A store that was open once is not made anew when its file is gone: what was taught would be lost without a word.
    log: told each sentence about how the store was opened (read-only, converted, ...) once.
    """

    def __init__(self, url: str, log: Callable[[str], object] = lambda note: None):
        self._url = url
        self._log = log
        self._lock = threading.Lock()
        self._store: DescriptorStore | None = None
        self._was_open = False
        self._told: set[str] = set()

    def run(self, action: Callable[[DescriptorStore], T]) -> T:
        """`action(store)`. Raises StoreError when the store cannot be opened, and whatever `action` raises."""
        with self._lock:
            if self._store is None:
                self._store = DescriptorStore(self._url, create=not self._was_open)
                self._was_open = True
            store = self._store
        try:
            return action(store)
        except _HEALTHY:
            raise
        except StoreError:
            with self._lock:
                if self._store is store:
                    self._store = None
            store.close()
            raise
        finally:
            self._tell(store.notes)

    def _tell(self, notes: tuple[str, ...]) -> None:
        with self._lock:
            new = [note for note in notes if note not in self._told]
            self._told.update(new)
        for note in new:
            self._log(note)
