"""What the strict referee says of each of several equal objects that one goal delivers into the bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.result_codes import GraspCode, Stage
from dense_grasp_sim.world.crowd import EQUAL, in_bin

from dense_grasp_bench.graph_client import CALL_TIMEOUT_S, GraphClient

#: The middles of two sides of the box around the object that the report is of: half-way between them is its own.
_SIDES = ("reported/top", "reported/bottom")


@dataclass(frozen=True)
class Delivery:
    """Of one object that the hand let go. reason: why it does not count as lifted; middle: m, base frame, where it is
    at the next look; touched: what was touched since the one before and should not have been.
    """

    lifted: bool
    reason: str
    middle: tuple[float, float, float]
    touched: tuple[str, ...]

    @property
    def why_not(self) -> str:
        """Empty where it was delivered: lifted by the strict rule, nothing else touched, and in the bin."""
        if not self.lifted:
            return f"not lifted: {self.reason}"
        if self.touched:
            return f"touched {', '.join(self.touched)}"
        if not in_bin(np.array(self.middle)):
            return "not in the bin, at ({:.2f}, {:.2f}, {:.2f}) m".format(*self.middle)
        return ""


@dataclass(frozen=True)
class TableOutcome:
    """One goal for all of the equal objects on one table. seconds: of the robot's clock, from the goal to its result,
    with the looks that found no more; touched: whatever was touched and should not have been, also without a delivery.
    """

    name: str
    seed: int
    deliveries: tuple[Delivery, ...]
    touched: tuple[str, ...]
    code_name: str
    message: str
    seconds: float
    others: str = ""

    @property
    def delivered(self) -> int:
        """How many of the equal ones."""
        return sum(not delivery.why_not for delivery in self.deliveries)

    @property
    def is_cleared(self) -> bool:
        """Whether all were delivered, and nothing else was touched at all."""
        return self.delivered == EQUAL and not self.touched

    def line(self) -> str:
        """In one line of text."""
        whys = [f"{number}: {one.why_not}" for number, one in enumerate(self.deliveries, 1) if one.why_not]
        whys += [f"touched {', '.join(self.touched)}"] * bool(self.touched)
        if not self.is_cleared or self.code_name != GraspCode.SUCCESS.name:
            whys.append(f"{self.code_name}: {self.message}")
        counted = f"{self.delivered} of {EQUAL} delivered"
        return " | ".join([f"{self.name:12s} {self.seed:5d}", counted, f"{self.seconds:5.1f} s", *whys])


class WatchDeliveries:
    """Takes a goal's feedback, and asks for the report of what was let go once the arm looks for the next one."""

    def __init__(self, client: GraphClient):
        self._client = client
        self._let_go = False
        self._asked: list[tuple[Any, Any]] = []

    def __call__(self, message: Any) -> None:
        """One feedback message."""
        stage = Stage(message.feedback.stage)
        if stage == Stage.DELIVERING:
            self._let_go = True
        elif stage == Stage.LOCATING:
            self._ask()

    def end(self) -> tuple[Delivery, ...]:
        """All of the goal, which has ended."""
        self._ask()
        answers = [
            tuple(self._client.result(future, CALL_TIMEOUT_S, "the simulation's answer") for future in futures)
            for futures in self._asked
        ]
        return deliveries(answers)

    def _ask(self) -> None:
        if not self._let_go:
            return
        self._let_go = False
        middles = {"parts": list(_SIDES), "us": [0.5] * len(_SIDES), "vs": [0.5] * len(_SIDES)}
        self._asked.append((self._client.request("get_report"), self._client.request("get_truth", **middles)))


def deliveries(answers: Sequence[tuple[Any, ...]]) -> tuple[Delivery, ...]:
    """Of the answers (report, truth) to what was asked after each."""
    found: list[Delivery] = []
    before: set[str] = set()
    for report, truth in answers:
        x, y, z = np.mean([(point.x, point.y, point.z) for point in truth.positions], axis=0)
        new = tuple(sorted(set(report.touched) - before))
        found.append(Delivery(bool(report.lifted), str(report.reason), (float(x), float(y), float(z)), new))
        before.update(report.touched)
    return tuple(found)
