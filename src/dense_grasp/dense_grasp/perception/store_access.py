"""The descriptor store behind the services: opened when first needed, so that a damaged one does not stop the node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import (
    AlreadyExistsError,
    DamagedRowError,
    DescriptorStore,
    InvalidNameError,
    NoPictureError,
    NothingToUndoError,
    ReadOnlyError,
    SampleError,
    StoreError,
    TooManyRowsError,
    UnknownKeypointError,
)
from dense_grasp_core.store.urls import parse_url

T = TypeVar("T")
#: What is wrong with one request or one row, not with the store; and the code that a service answers with.
_HEALTHY: dict[type[StoreError], StoreCode] = {
    AlreadyExistsError: StoreCode.ALREADY_EXISTS,
    DamagedRowError: StoreCode.STORE_ERROR,
    InvalidNameError: StoreCode.INVALID_NAME,
    NoPictureError: StoreCode.NO_PICTURE,
    NothingToUndoError: StoreCode.INVALID_REQUEST,
    ReadOnlyError: StoreCode.STORE_ERROR,
    SampleError: StoreCode.INVALID_REQUEST,
    TooManyRowsError: StoreCode.INVALID_REQUEST,
    UnknownKeypointError: StoreCode.UNKNOWN_KEYPOINT,
}


def code_of(error: StoreError) -> StoreCode:
    """The code of a service's answer for what the store raised."""
    return _HEALTHY.get(type(error), StoreCode.STORE_ERROR)


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
        #: Why the last use failed, "" when it did not.
        self.error = ""
        #: Calls that changed what is taught, since the start.
        self.changes = 0

    @property
    def name(self) -> str:
        """The store's URL without a password."""
        return parse_url(self._url).render_as_string(hide_password=True)

    @property
    def is_open(self) -> bool:
        """Whether it is open now."""
        return self._store is not None

    def change(self, action: Callable[[DescriptorStore], T]) -> T:
        """As `run`, of an action that changes what is taught: counted once it is done."""
        result = self.run(action)
        with self._lock:
            self.changes += 1
        return result

    def run(self, action: Callable[[DescriptorStore], T]) -> T:
        """`action(store)`. Raises StoreError when the store cannot be opened, and whatever `action` raises."""
        try:
            with self._lock:
                if self._store is None:
                    self._store = DescriptorStore(self._url, create=not self._was_open)
                    self._was_open = True
                store = self._store
        except StoreError as error:
            self.error = str(error)
            raise
        try:
            result = action(store)
            self.error = ""
            return result
        except tuple(_HEALTHY):
            self.error = ""
            raise
        except StoreError as error:
            self.error = str(error)
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
