"""Where a network comes from and on what it was tried: the part of a model file's header that no descriptor depends on.

Plain values; importing this imports neither torch nor numpy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

WITHIN_PX = 10


@dataclass(frozen=True)
class Training:
    """How a network was made.

    data: what it was trained on, in words. start: the weights that it began with, in words. method: of training.
    steps, batch: optimiser steps and pairs in each. wall_minutes, cpu_minutes: what they took. nearest_m, farthest_m:
    between which distances of the camera nine tenths of the views lie, 0 where nobody knows.
    """

    data: str
    start: str
    method: str
    steps: int
    batch: int
    wall_minutes: float
    cpu_minutes: float
    nearest_m: float = 0.0
    farthest_m: float = 0.0


@dataclass(frozen=True)
class Trial:
    """What came of a network on pictures that it was not trained on.

    on: name of the pictures. photographs: taken by a camera, not rendered. points: how many were searched for.
    found: share within 10 px of a 640 px wide picture. median_px: of the error there.
    """

    on: str
    photographs: bool
    points: int
    found: float
    median_px: float

    def __post_init__(self) -> None:
        """Raises ValueError for values that no trial has."""
        if self.points < 1 or not 0.0 <= self.found <= 1.0 or not (math.isfinite(self.median_px)):
            raise ValueError(f"trial is {self}, expected 1 point or more, a share in 0..1 and a finite median")


def read_training(value: Any) -> Training | None:
    """Of a header's JSON value. Raises TypeError for another kind of value."""
    return None if value is None else Training(**value)


def read_trials(values: Any) -> tuple[Trial, ...]:
    """Of a header's JSON value. Raises TypeError or ValueError for another kind of value."""
    return tuple(Trial(**value) for value in values)


def with_trials(before: Iterable[Trial], new: Iterable[Trial]) -> tuple[Trial, ...]:
    """Trials with those of ``new``, which replace earlier ones on pictures of the same name."""
    by_name = {(trial.on, trial.photographs): trial for trial in (*before, *new)}
    return tuple(by_name.values())


def never_tried(model: object) -> str:
    """The warning for a network, by its file's name, that nobody measured on a photograph."""
    return (
        f"network {model} was never tried on a photograph, so nobody knows what it finds in a camera's pictures: "
        f"measure it with `ros2 run dense_grasp_train evaluate --model {model} --pictures FOLDER --card`"
    )
