"""Memory, open files and threads of processes over time, and whether they grow."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

#: s after a process' start in which it may still load what it needs.
WARM_UP = 60.0
#: s that a process has to be watched before it is judged.
LEAST_LIFE = 240.0
#: What the last quarter of a process' life may lie above its first: of the first quarter's figure, and at least.
ALLOWED = {"memory": (0.15, 80e6), "files": (0.1, 20.0), "threads": (0.1, 10.0)}
MEASURES = tuple(ALLOWED)


@dataclass(frozen=True)
class Sample:
    """At `time` s process `pid`, `age` s old, had so many bytes resident, files open and threads."""

    time: float
    node: str
    pid: int
    age: float
    memory: float
    files: float
    threads: float


@dataclass(frozen=True)
class Trend:
    """One measure of a node: medians of the first and the last quarter of its longest life, slope per hour over all."""

    node: str
    measure: str
    first: float
    last: float
    slope: float
    life: float

    @property
    def grew(self) -> bool:
        """Whether it grew more than is allowed. A process that did not live long is not judged."""
        share, least = ALLOWED[self.measure]
        return self.life >= LEAST_LIFE and self.last - self.first > max(share * self.first, least)


class Meter:
    """Collects samples of the processes of a graph."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def look(self, now: float, pids: Mapping[str, int]) -> None:
        """Sample each node's process; one that has just ended is left out."""
        for node, pid in pids.items():
            try:
                process = psutil.Process(pid)
                with process.oneshot():
                    age = time.time() - process.create_time()
                    sample = Sample(
                        now, node, pid, age, process.memory_info().rss, process.num_fds(), process.num_threads()
                    )
            except psutil.Error:
                continue
            self.samples.append(sample)

    def trends(self) -> list[Trend]:
        """Every measure of every node that was seen warm."""
        trends = []
        for node in sorted({sample.node for sample in self.samples}):
            lives = _lives([s for s in self.samples if s.node == node and s.age >= WARM_UP])
            if not lives:
                continue
            longest = max(lives, key=lambda life: life[-1].time - life[0].time)
            trends += [_trend(node, measure, longest, lives) for measure in MEASURES]
        return trends


def _lives(samples: Iterable[Sample]) -> list[list[Sample]]:
    by_pid: dict[int, list[Sample]] = {}
    for sample in samples:
        by_pid.setdefault(sample.pid, []).append(sample)
    return list(by_pid.values())


def _trend(node: str, measure: str, longest: Sequence[Sample], lives: Sequence[Sequence[Sample]]) -> Trend:
    values = [getattr(sample, measure) for sample in longest]
    quarter = max(1, len(values) // 4)
    life = longest[-1].time - longest[0].time
    slope = 3600.0 * _slope([([s.time for s in one], [getattr(s, measure) for s in one]) for one in lives])
    return Trend(node, measure, float(np.median(values[:quarter])), float(np.median(values[-quarter:])), slope, life)


def _slope(series: Sequence[tuple[Sequence[float], Sequence[float]]]) -> float:
    """Common slope of several lines, each with an offset of its own, by least squares; 0 without two points."""
    above = below = 0.0
    for times, values in series:
        t = np.asarray(times) - np.mean(times)
        above += float(t @ (np.asarray(values) - np.mean(values)))
        below += float(t @ t)
    return above / below if below > 0.0 else 0.0


def shared_memory(folder: Path = Path("/dev/shm"), processes: Path = Path("/proc")) -> tuple[int, int]:
    """Bytes that files of the middleware take in /dev/shm, and those of them that no process maps any more."""
    mapped: set[str] = set()
    for maps in processes.glob("[0-9]*/maps"):
        try:
            lines = maps.read_text(errors="replace").splitlines()
        except OSError:
            continue  # it has just ended, or belongs to somebody else
        mapped.update(line.split()[-1] for line in lines if str(folder) in line)
    total = left = 0
    for file in folder.glob("fast*"):
        try:
            size = file.stat().st_blocks * 512
        except OSError:
            continue
        total += size
        left += 0 if str(file) in mapped else size
    return total, left
