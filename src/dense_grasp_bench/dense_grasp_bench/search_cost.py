"""What a search for an object costs: time on the clock and of processors, runs of the network, memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import psutil
from dense_grasp_core.object_model.view_bank import Describe
from numpy.typing import NDArray

T = TypeVar("T")


def resident_mb() -> float:
    """Memory of this process that is in RAM, MB (10⁶ bytes)."""
    return float(psutil.Process().memory_info().rss) / 1e6


@dataclass
class SearchCost:
    """Wall-clock and processor seconds, and runs of the network ``describe``, of each search."""

    describe: Describe
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    _runs: int = 0

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors of a picture, counted."""
        self._runs += 1
        return self.describe(rgb)

    def of(self, search: Callable[[], T]) -> T:
        """What a search gives, its cost noted."""
        runs, wall, processor = self._runs, time.perf_counter(), time.process_time()
        result = search()
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(time.process_time() - processor)
        self.passes.append(self._runs - runs)
        return result

    def summary(self) -> str:
        """Medians and 95th percentiles, in one line."""
        if not self.wall:
            return "image to pose: no search"
        wall, processor, passes = (np.percentile(x, [50, 95]) for x in (self.wall, self.processor, self.passes))
        return (
            f"image to pose, median / p95: wall {1000 * wall[0]:.0f} / {1000 * wall[1]:.0f} ms, processor "
            f"{1000 * processor[0]:.0f} / {1000 * processor[1]:.0f} ms, runs of the network {passes[0]:.0f} / "
            f"{passes[1]:.0f} (n {len(self.wall)})"
        )
