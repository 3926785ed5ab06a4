"""The history of one frame relative to its parent. Times are integers in nanoseconds; 0 means the latest."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple, Protocol

from tf2_py.exceptions import ExtrapolationException
from tf2_py.rotation import Quaternion, Vector, slerp


class Sample(NamedTuple):
    """parent_from_child at one time."""

    stamp: int
    parent: str
    translation: Vector
    rotation: Quaternion


class Cache(Protocol):
    """What the buffer needs of a frame's history."""

    def insert(self, sample: Sample) -> bool: ...

    def at(self, time: int) -> Sample | None: ...

    def latest(self) -> tuple[int, str] | None: ...

    def span(self) -> tuple[int, int, int]: ...

    def clear(self) -> None: ...


def seconds_text(time: int) -> str:
    """Write a time as tf2 does: seconds with six decimals."""
    return f"{time * 1e-9:.6f}"


class StaticCache:
    """A transform that holds at all times."""

    def __init__(self) -> None:
        self._sample: Sample | None = None

    def insert(self, sample: Sample) -> bool:
        """Replace the transform."""
        self._sample = sample
        return True

    def at(self, time: int) -> Sample | None:
        """Return the transform, stamped with the requested time."""
        return None if self._sample is None else self._sample._replace(stamp=time)

    def latest(self) -> tuple[int, str] | None:
        """Return (0, parent): no time restricts a static transform."""
        return None if self._sample is None else (0, self._sample.parent)

    def span(self) -> tuple[int, int, int]:
        """Return (oldest, newest, samples)."""
        return 0, 0, 1

    def clear(self) -> None:
        """Do nothing: static transforms outlive a jump of time."""


class TimeCache:
    """The transforms of the last `keep` nanoseconds, oldest first."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._stamps: list[int] = []
        self._samples: list[Sample] = []

    def insert(self, sample: Sample) -> bool:
        """Store a sample; False if it is older than the history goes back."""
        stamps, samples = self._stamps, self._samples
        if stamps:
            oldest = stamps[-1] - self._keep
            drop = 0
            while drop < len(stamps) and stamps[drop] < oldest:
                drop += 1
            if drop:
                del stamps[:drop], samples[:drop]
            if sample.stamp < oldest:
                return False
        index = bisect_right(stamps, sample.stamp)
        earlier = index
        while earlier > 0 and stamps[earlier - 1] == sample.stamp:
            earlier -= 1
            if samples[earlier] == sample:
                return True
        stamps.insert(index, sample.stamp)
        samples.insert(index, sample)
        return True

    def at(self, time: int) -> Sample | None:
        """Return the transform at a time, interpolated between its neighbours; None if nothing is stored.

        Raises:
            ExtrapolationException: the time lies outside what is stored.
        """
        stamps, samples = self._stamps, self._samples
        if not stamps:
            return None
        if time == 0 or time == stamps[-1]:
            return samples[-1]
        if len(stamps) == 1:
            raise ExtrapolationException(
                f"Lookup would require extrapolation at time {seconds_text(time)}, "
                f"but only time {seconds_text(stamps[0])} is in the buffer"
            )
        if time > stamps[-1]:
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the future.  Requested time {seconds_text(time)} "
                f"but the latest data is at time {seconds_text(stamps[-1])}"
            )
        if time < stamps[0]:
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the past.  Requested time {seconds_text(time)} "
                f"but the earliest data is at time {seconds_text(stamps[0])}"
            )
        newer = bisect_right(stamps, time)
        older = samples[newer - 1]
        if older.stamp == time:
            return older
        return _interpolate(older, samples[newer], time)

    def latest(self) -> tuple[int, str] | None:
        """Return (stamp, parent) of the newest sample."""
        return (self._stamps[-1], self._samples[-1].parent) if self._stamps else None

    def span(self) -> tuple[int, int, int]:
        """Return (oldest, newest, samples)."""
        return (self._stamps[0], self._stamps[-1], len(self._stamps)) if self._stamps else (0, 0, 0)

    def clear(self) -> None:
        """Forget everything."""
        self._stamps.clear()
        self._samples.clear()


def _interpolate(older: Sample, newer: Sample, time: int) -> Sample:
    if older.parent != newer.parent:
        return older
    ratio = (time - older.stamp) / (newer.stamp - older.stamp)
    (ax, ay, az), (bx, by, bz) = older.translation, newer.translation
    rest = 1.0 - ratio
    translation = (rest * ax + ratio * bx, rest * ay + ratio * by, rest * az + ratio * bz)
    return Sample(time, older.parent, translation, slerp(older.rotation, newer.rotation, ratio))
