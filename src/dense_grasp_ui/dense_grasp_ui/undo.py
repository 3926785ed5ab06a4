"""The last change that can be taken back: what was taught, renamed, deleted or replaced. One for all browsers.

No service of the store takes a whole row. So of what was deleted or replaced only a point that was clicked in a picture
of its object's scan comes back: the same click in the same picture teaches the same point, with the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dense_grasp_core.errors import DenseGraspError


class UndoError(DenseGraspError):
    """What was last changed is no longer as that change left it."""


class _Keypoint(Protocol):
    """Fields of TaughtKeypoint."""

    id: int
    keypoint: str
    u: float
    v: float
    scan_view: int
    object_point: Any


class _Scans(Protocol):
    def summaries(self, object_id: str) -> Sequence[Any]:
        """ScanSummary of the object's scan, none without one."""


class Store(Protocol):
    """The calls of GraspClient that undo needs; they raise DenseGraspError."""

    @property
    def scans(self) -> _Scans:
        """Reads scans."""

    def taught(self, object_id: str) -> Sequence[_Keypoint]:
        """The object's keypoints."""

    def teach(
        self, object_id: str, keypoint: str, u: float, v: float, overwrite: bool = False, *, scan_view: int | None
    ) -> _Keypoint:
        """Teach one by a click in a picture of the object's scan."""

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


@dataclass(frozen=True)
class LostChange:
    """A keypoint that was deleted, or replaced by the row `replaced_by`.

    u, v: px in the picture `view` of the object's scan of the time `scanned`, that it was clicked on.
    """

    object_id: str
    keypoint: str
    u: float
    v: float
    view: int
    scanned: tuple[int, int]
    replaced_by: int | None = None

    @property
    def sentence(self) -> str:
        """What undo does, for its button."""
        what = "delete" if self.replaced_by is None else "replace"
        return f"Undo: do not {what} {self.object_id}/{self.keypoint}"

    def take_back(self, store: Store) -> str:
        """Teach it by its own click again. Raises UndoError, and what the store raises."""
        name = f"{self.object_id}/{self.keypoint}"
        now = next((found.id for found in store.taught(self.object_id) if found.keypoint == self.keypoint), None)
        if now != self.replaced_by:
            raise UndoError(f"{name} was taught anew, renamed or deleted since: nothing was undone")
        if _scanned(store, self.object_id) != self.scanned:
            raise UndoError(f"{self.object_id} was scanned anew since, or its scan removed: nothing was undone")
        store.teach(self.object_id, self.keypoint, self.u, self.v, overwrite=now is not None, scan_view=self.view)
        return f"Undone: {name} is as it was."


def is_clicked_in_scan(row: _Keypoint) -> bool:
    """Whether a keypoint is a click in a picture of the scan that its object has now: then it can be brought back."""
    return row.scan_view >= 0 and math.isfinite(row.object_point.x)


def before_loss(store: Store, object_id: str, keypoint: str) -> LostChange | None:
    """What will bring a keypoint back that is about to be deleted or replaced; None where nothing will.

    Raises what the store raises.
    """
    row = next((found for found in store.taught(object_id) if found.keypoint == keypoint), None)
    if row is None or not is_clicked_in_scan(row) or (scanned := _scanned(store, object_id)) is None:
        return None
    return LostChange(object_id, keypoint, row.u, row.v, row.scan_view, scanned)


def _scanned(store: Store, object_id: str) -> tuple[int, int] | None:
    """When the object was scanned, s and ns; None without a scan."""
    summary = next(iter(store.scans.summaries(object_id)), None)
    return None if summary is None else (int(summary.created.sec), int(summary.created.nanosec))


Change = TaughtChange | RenamedChange | LostChange
