"""The last change that can be taken back: what was taught, or renamed. One for all browsers.

A deleted point, or one that was replaced, cannot be brought back: no service of the store takes a whole row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dense_grasp_core.errors import DenseGraspError


class UndoError(DenseGraspError):
    """What was last changed is no longer as that change left it."""


class _Keypoint(Protocol):
    id: int
    keypoint: str


class Store(Protocol):
    """The calls of GraspClient that undo needs; they raise DenseGraspError."""

    def taught(self, object_id: str) -> Sequence[_Keypoint]:
        """The object's keypoints."""

    def forget(self, object_id: str, keypoint: str) -> int:
        """Delete one."""

    def rename(self, object_id: str, keypoint: str, new_name: str) -> int:
        """Rename one, the object with ""."""


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
        if all(found.id != self.row for found in store.taught(self.object_id)):
            raise UndoError(
                f"{self.object_id}/{self.keypoint} was taught anew, renamed or deleted since: nothing was undone"
            )
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


Change = TaughtChange | RenamedChange
