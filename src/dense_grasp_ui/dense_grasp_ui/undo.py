"""The last change that can be taken back: what was taught, renamed, deleted or replaced. One for all browsers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dense_grasp_core.errors import DenseGraspError

CHANGED_SINCE = "was taught anew, renamed or deleted since: nothing was undone"


class UndoError(DenseGraspError):
    """What was last changed is no longer as that change left it."""


class _Keypoint(Protocol):
    """Fields of TaughtKeypoint."""

    id: int
    keypoint: str
    samples: int


class Store(Protocol):
    """The calls of GraspClient that undo needs; they raise DenseGraspError."""

    def taught(self, object_id: str) -> Sequence[_Keypoint]:
        """The object's keypoints."""

    def forget(self, object_id: str, keypoint: str, *, last_sample: bool = False) -> int:
        """Delete one, or its last sample."""

    def restore(self, object_id: str, keypoint: str, overwrite: bool = False) -> int:
        """Take the last deletion, or overwriting, of one back."""

    def rename(self, object_id: str, keypoint: str, new_name: str) -> int:
        """Rename one, the object with ""."""

    def redescribe(self, *, undo: bool) -> object:
        """Take the last description by another network back."""


@dataclass(frozen=True)
class TaughtChange:
    """A keypoint that was not there before. row: its id in the store."""

    object_id: str
    keypoint: str
    row: int

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        return f"Undo: forget {self.object_id}/{self.keypoint}"

    def take_back(self, store: Store) -> str:
        """Delete it, unless it was taught anew since. Raises UndoError, and what the store raises."""
        if _row(store, self.object_id, self.keypoint) != (self.row, 1):
            raise UndoError(f"{self.object_id}/{self.keypoint} {CHANGED_SINCE}")
        store.forget(self.object_id, self.keypoint)
        return f"Undone: {self.object_id}/{self.keypoint} is no longer taught."


@dataclass(frozen=True)
class RenamedChange:
    """A keypoint, or with keypoint "" a whole object, that has the name `new_name` now."""

    object_id: str
    keypoint: str
    new_name: str

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        return f"Undo: name {self.new_name} {self.keypoint or self.object_id} again"

    def take_back(self, store: Store) -> str:
        """Give it its former name. Raises what the store raises, such as for a name that is in use again."""
        if self.keypoint:
            store.rename(self.object_id, self.new_name, self.keypoint)
            return f"Undone: {self.object_id}/{self.new_name} is {self.object_id}/{self.keypoint} again."
        store.rename(self.new_name, "", self.object_id)
        return f"Undone: {self.new_name} is {self.object_id} again."


@dataclass(frozen=True)
class SampleChange:
    """One more sample of the keypoint of a row, which has `samples` of them since."""

    object_id: str
    keypoint: str
    row: int
    samples: int

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        return f"Undo: forget the last picture of {self.object_id}/{self.keypoint}"

    def take_back(self, store: Store) -> str:
        """Delete it, unless the keypoint was changed since. Raises UndoError, and what the store raises."""
        name = f"{self.object_id}/{self.keypoint}"
        if _row(store, self.object_id, self.keypoint) != (self.row, self.samples):
            raise UndoError(f"{name} {CHANGED_SINCE}")
        store.forget(self.object_id, self.keypoint, last_sample=True)
        return f"Undone: {name} is without its last picture."


@dataclass(frozen=True)
class LostChange:
    """A keypoint that was deleted, or replaced by the row `replaced_by`."""

    object_id: str
    keypoint: str
    replaced_by: int | None = None

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        what = "delete" if self.replaced_by is None else "replace"
        return f"Undo: do not {what} {self.object_id}/{self.keypoint}"

    def take_back(self, store: Store) -> str:
        """Restore it, unless the name is in use again. Raises UndoError, and what the store raises."""
        name = f"{self.object_id}/{self.keypoint}"
        now = _row(store, self.object_id, self.keypoint)
        if (now[0] if now else None) != self.replaced_by:
            raise UndoError(f"{name} {CHANGED_SINCE}")
        store.restore(self.object_id, self.keypoint, overwrite=now is not None)
        return f"Undone: {name} is as it was."


@dataclass(frozen=True)
class RedescribedChange:
    """What another network had described is described by `network`."""

    network: str

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        return f"Undo: do not describe by {self.network}"

    def take_back(self, store: Store) -> str:
        """Describe it as before. Raises what the store raises."""
        store.redescribe(undo=True)
        return "Undone: every point is described as before."


def _row(store: Store, object_id: str, keypoint: str) -> tuple[int, int] | None:
    """Id and number of samples of a keypoint; None when it is not taught."""
    return next(((found.id, found.samples) for found in store.taught(object_id) if found.keypoint == keypoint), None)


Change = TaughtChange | SampleChange | RenamedChange | LostChange | RedescribedChange
