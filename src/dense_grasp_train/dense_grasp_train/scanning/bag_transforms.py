"""Transforms over time of a recording that is there as a whole. pytransform3d interpolates along screws, tf2 along
straight lines: between transforms 10 ms apart, of an arm at 1 rad/s, the two differ by some micrometres.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pytransform3d.transform_manager import NumpyTimeseriesTransform, StaticTransform, TemporalTransformManager
from pytransform3d.transformations import pq_from_transform

Array = NDArray[np.float64]
#: (child, parent)
Frames = tuple[str, str]
#: s between two transforms of a moving frame, between which its way is known.
LONGEST_GAP = 0.25
NANOSECONDS = 1_000_000_000


class Transforms:
    """moving, fixed: (4, 4) by (child, parent), the moving ones by stamp, ns: they take points of the child into the
    parent.
    """

    def __init__(self, moving: Mapping[Frames, Mapping[int, Array]], fixed: Mapping[Frames, Array]):
        self._manager = TemporalTransformManager()
        self.frames = {frame for frames in (*fixed, *moving) for frame in frames}
        self._parent = dict((*fixed, *moving))
        self._stamps: dict[str, NDArray[np.int64]] = {}
        every = [stamp for stamps in moving.values() for stamp in stamps]
        self._zero = min(every, default=0)
        for (child, parent), pose in fixed.items():
            self._manager.add_transform(child, parent, StaticTransform(pose))
        for (child, parent), poses in moving.items():
            stamps = np.array(sorted(poses), np.int64)
            self._stamps[child] = stamps
            pqs = np.array([pq_from_transform(poses[stamp]) for stamp in stamps.tolist()])
            if len(stamps) == 1:
                self._manager.add_transform(child, parent, StaticTransform(poses[int(stamps[0])]))
            else:
                self._manager.add_transform(child, parent, NumpyTimeseriesTransform(self._seconds(stamps), pqs))

    def chain(self, frame: str) -> list[str]:
        """The frame and those above it, up to the root."""
        frames = [frame]
        while frames[-1] in self._parent and self._parent[frames[-1]] not in frames:
            frames.append(self._parent[frames[-1]])
        return frames

    def at(self, frame: str, base: str, stamp: int) -> Array | None:
        """base_from_frame (4, 4) at a stamp, ns; None where one on the way has no transform near enough before or after
        it. `base` is in the chain of `frame`.
        """
        for child in self.chain(frame):
            if child == base:
                break
            stamps = self._stamps.get(child)
            if stamps is not None and len(stamps) > 1:
                after = int(np.searchsorted(stamps, stamp))
                if after < len(stamps) and stamps[after] == stamp:
                    continue
                if after in (0, len(stamps)) or stamps[after] - stamps[after - 1] > LONGEST_GAP * NANOSECONDS:
                    return None
        found: Array = self._manager.get_transform_at_time(frame, base, float(self._seconds(np.array(stamp))))
        return found

    def _seconds(self, stamps: NDArray[np.int64]) -> Array:
        seconds: Array = (stamps - self._zero) / NANOSECONDS
        return seconds
