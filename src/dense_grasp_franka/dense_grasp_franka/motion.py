"""A motion as the process that talks to the arm plays it, and a stop on its path. Light to import: it starts with that.

A stop slows the motion's own time down, so that the arm comes to rest where it would have gone anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Motion:
    """table: (N, 7) rad, a row a millisecond; stop_lengths: (N,) ms that a stop from each of its rows takes."""

    table: NDArray[np.float64]
    stop_lengths: NDArray[np.int64]


@cache
def stop_offsets(length: int) -> tuple[float, ...]:
    """How far along the path a stop of `length` ms has come after each of them, in rows."""
    rate = 0.5 * (1.0 + np.cos(np.pi * (np.arange(1, length + 1) - 0.5) / length))
    return tuple(np.cumsum(rate).tolist())


def between(rows: Sequence[Sequence[float]], place: float) -> list[float]:
    """The motion at a fractional row, by the cubic through the four rows around it; for one row a turn."""
    last = len(rows) - 1
    first = min(int(place), last)
    t = min(place - first, 1.0)
    weights = (
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    )
    around = [rows[min(max(first + step, 0), last)] for step in (-1, 0, 1, 2)]
    return [sum(weight * row[joint] for weight, row in zip(weights, around)) for joint in range(len(rows[0]))]
