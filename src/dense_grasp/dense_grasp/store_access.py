"""The descriptor store behind the services: opened when first needed, so that a damaged one does not stop the node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from dense_grasp_core.store import (
    AlreadyExistsError,
    DescriptorStore,
    InvalidNameError,
    StoreError,
    UnknownKeypointError,
)

T = TypeVar("T")
_HEALTHY = (AlreadyExistsError, InvalidNameError, UnknownKeypointError)


class StoreAccess:
    """Opens the store on first use and anew after a failure, so that a repaired file is picked up."""

    def __init__(self, url: str):
        self._url = url
        self._lock = threading.Lock()
        self._store: DescriptorStore | None = None

    def run(self, action: Callable[[DescriptorStore], T]) -> T:
        """`action(store)`. Raises StoreError when the store cannot be opened, and whatever `action` raises."""
        with self._lock:
            if self._store is None:
                self._store = DescriptorStore(self._url)
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
