"""What the store must hold: every taught point whose registration was acknowledged, and none that was deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Key = tuple[str, str]
Pixel = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """lost: acknowledged, and absent or of another pixel. reappeared: deleted, acknowledged, and there."""

    lost: tuple[Key, ...]
    reappeared: tuple[Key, ...]

    def __bool__(self) -> bool:
        return bool(self.lost or self.reappeared)


class RowBook:
    """The rows that the store acknowledged, by (object, keypoint).

    A write that got no answer may or may not have happened: its row is uncertain until the next answer.
    """

    def __init__(self) -> None:
        self._rows: dict[Key, Pixel] = {}
        self._uncertain: set[Key] = set()
        self.acknowledged = 0

    @property
    def rows(self) -> Mapping[Key, Pixel]:
        """What is there for certain."""
        return {key: pixel for key, pixel in self._rows.items() if key not in self._uncertain}

    def write_sent(self, keys: Iterable[Key]) -> None:
        """A registration or deletion is on its way."""
        self._uncertain.update(keys)

    def registered(self, key: Key, pixel: Pixel) -> None:
        """The store said OK."""
        self._rows[key] = pixel
        self._uncertain.discard(key)
        self.acknowledged += 1

    def deleted(self, keys: Iterable[Key]) -> None:
        """The store said OK."""
        for key in keys:
            self._rows.pop(key, None)
            self._uncertain.discard(key)

    def refused(self, keys: Iterable[Key]) -> None:
        """The store said no: the rows are as they were."""
        self._uncertain.difference_update(keys)

    def of_object(self, object_id: str) -> list[Key]:
        """Keys of an object, uncertain ones included."""
        return [key for key in {*self._rows, *self._uncertain} if key[0] == object_id]

    def replaced_by(self, rows: Mapping[Key, Pixel]) -> None:
        """The operator put another file in the store's place, with these rows."""
        self._rows, self._uncertain = dict(rows), set()

    def compare(self, present: Mapping[Key, Pixel]) -> Difference:
        """What differs from the rows that the store lists."""
        certain = self.rows
        lost = [key for key, pixel in certain.items() if present.get(key) != pixel]
        reappeared = [key for key in present if key not in self._rows and key not in self._uncertain]
        return Difference(tuple(sorted(lost)), tuple(sorted(reappeared)))
