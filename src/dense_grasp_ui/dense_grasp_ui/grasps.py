"""The grasp that runs and those that were: one for all browsers. No ROS."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace

from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage

KEPT = 20
STAGES = {
    Stage.OBSERVING: "moves to where it looks from",
    Stage.LOCATING: "finds the points",
    Stage.PLANNING: "plans",
    Stage.APPROACHING: "approaches",
    Stage.GRASPING: "closes the fingers",
    Stage.LIFTING: "lifts",
    Stage.VERIFYING: "looks whether it holds",
    Stage.DELIVERING: "delivers",
}


def code_name(code: int) -> str:
    """Name of a grasp's result code; of the match code for perception failures."""
    try:
        if GraspCode.PERCEPTION < code < GraspCode.PERCEPTION_UNAVAILABLE:
            return MatchCode(code - GraspCode.PERCEPTION).name
        return GraspCode(code).name
    except ValueError:
        return "?"


@dataclass(frozen=True)
class Attempt:
    """One grasp or plan. began: wall clock, s; took: s; code: None while it runs, -1 when the graph gave none."""

    object_id: str
    plan_only: bool
    began: float = field(default_factory=time.time)
    stage: str = ""
    stages: tuple[str, ...] = ()
    code: int | None = None
    sentence: str = ""
    took: float = 0.0

    @property
    def kind(self) -> str:
        """In a word."""
        return "Plan" if self.plan_only else "Grasp"

    def outcome(self) -> str:
        """In one line."""
        if self.code is None:
            return self.stage or "sent"
        name = "no answer" if self.code < 0 else f"{code_name(self.code)} ({self.code})"
        return f"{name}: {self.sentence}" if self.sentence else name


class Grasps:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Attempt | None = None
        self._past: deque[Attempt] = deque(maxlen=KEPT)

    @property
    def running(self) -> Attempt | None:
        """The attempt that runs."""
        return self._running

    def past(self) -> list[Attempt]:
        """Those that ended, the newest first."""
        with self._lock:
            return list(self._past)

    def begin(self, object_id: str, plan_only: bool) -> bool:
        """Whether an attempt may begin: no other runs."""
        with self._lock:
            if self._running is not None:
                return False
            self._running = Attempt(object_id, plan_only)
            return True

    def on_stage(self, stage: int, detail: str) -> None:
        """Feedback of the attempt that runs."""
        try:
            words = f"{Stage(stage).name}: {STAGES[Stage(stage)]}"
        except ValueError:
            words = f"stage {stage}"
        with self._lock:
            if self._running is not None:
                name = words.partition(":")[0]
                before = self._running.stages
                stages = before if before[-1:] == (name,) else (*before, name)
                self._running = replace(self._running, stage=f"{words}{f', {detail}' if detail else ''}", stages=stages)

    def end(self, code: int, sentence: str) -> Attempt:
        """The attempt ended; what it is now."""
        with self._lock:
            assert self._running is not None
            took = time.time() - self._running.began
            ended = replace(self._running, code=code, sentence=sentence, took=took)
            self._past.appendleft(ended)
            self._running = None
            return ended
