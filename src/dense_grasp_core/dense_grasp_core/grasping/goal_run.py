"""What the parts of one goal share: its stop, its stage, what is known so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from dense_grasp_core.grasping.holding import HoldWatch
from dense_grasp_core.grasping.interfaces import GraspOutcome
from dense_grasp_core.result_codes import Stage

Answer = TypeVar("Answer")


class GoalRun:
    """One goal under way. `stop` is handed to whatever waits."""

    def __init__(self, stop: HoldWatch, on_stage: Callable[[Stage, str], None]):
        self.stop = stop
        self.outcome = GraspOutcome()
        self.reached: Stage | None = None
        self._on_stage = on_stage
        self._began = time.monotonic()

    def stage(self, stage: Stage, detail: str) -> None:
        """Says what is done now. Raises as HoldWatch.check()."""
        self.stop.check()
        self.reached = stage
        self._on_stage(stage, detail)

    def moves(self) -> None:
        """The next motion begins."""
        if np.isnan(self.outcome.time_to_first_motion):
            self.outcome.time_to_first_motion = time.monotonic() - self._began

    def timed(self, plan: Callable[[], Answer]) -> Answer:
        """What `plan` gives; its time counts as planning."""
        start = time.monotonic()
        try:
            return plan()
        finally:
            self.outcome.planning_time += time.monotonic() - start
