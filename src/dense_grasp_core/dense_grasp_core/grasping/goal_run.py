"""What the parts of one goal share: its stop, its stage, what is known so far, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.holding import HoldWatch
from dense_grasp_core.grasping.interfaces import GraspOutcome
from dense_grasp_core.motion.interfaces import PlanError
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

    def through(
        self,
        stages: Callable[[], str],
        halt: Callable[[], None],
        failed: Callable[[GraspFailure | PlanError], GraspFailure],
        canceled: Callable[[], str] = lambda: "",
    ) -> str:
        """What the stages say was done. Whatever they raise, `halt` comes first.

        failed: the failure as it is told, after what is done about it; canceled: what to add to the sentence of a
        cancel. Raises GraspFailure, Canceled.
        """
        try:
            return stages()
        except Canceled as error:
            halt()
            lost = self.stop.failure
            if lost is None:
                raise Canceled(f"{error}{canceled()}") from error
            raise failed(lost) from error
        except (GraspFailure, PlanError) as failure:
            halt()
            raise failed(failure) from failure
        except BaseException:
            halt()
            raise

    def timed(self, plan: Callable[[], Answer]) -> Answer:
        """What `plan` gives; its time counts as planning."""
        start = time.monotonic()
        try:
            return plan()
        finally:
            self.outcome.planning_time += time.monotonic() - start
