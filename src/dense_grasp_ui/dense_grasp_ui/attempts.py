"""The grasp, plan or scan that runs and those that were: one for all browsers. No ROS."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from dense_grasp_core.result_codes import GraspCode, MatchCode, ScanCode, ScanStage, Stage

from dense_grasp_ui.pictures.mark import Mark

KEPT = 20
GRASP, PLAN, SCAN = "Grasp", "Plan", "Scan"
GRASP_STAGES: Mapping[IntEnum, str] = {
    Stage.OBSERVING: "moves to where it looks from",
    Stage.LOCATING: "finds the points",
    Stage.PLANNING: "plans",
    Stage.APPROACHING: "approaches",
    Stage.GRASPING: "closes the fingers",
    Stage.LIFTING: "lifts",
    Stage.VERIFYING: "looks whether it holds",
    Stage.DELIVERING: "delivers",
}
SCAN_STAGES: Mapping[IntEnum, str] = {
    ScanStage.LOOKING: "looks",
    ScanStage.PLANNING_VIEWS: "plans",
    ScanStage.MOVING: "moves",
    ScanStage.TAKING: "takes a picture",
    ScanStage.FUSING: "makes a scan of what was taken",
}


def code_name(code: int, kind: str = GRASP) -> str:
    """Name of a result code of an action; of the match code for a grasp's perception failures."""
    try:
        if kind == SCAN:
            return ScanCode(code).name
        if GraspCode.PERCEPTION < code < GraspCode.PERCEPTION_UNAVAILABLE:
            return MatchCode(code - GraspCode.PERCEPTION).name
        return GraspCode(code).name
    except ValueError:
        return "?"


@dataclass(frozen=True)
class ScanProgress:
    """How far a scan is. taken: pictures, of `planned`; coverage: share of the directions above the table, 0..1;
    directions: (x, y, z) from the object to the camera, base frame, of the pictures so far.
    """

    taken: int = 0
    planned: int = 0
    coverage: float = 0.0
    directions: Sequence[tuple[float, float, float]] = ()

    def sentence(self) -> str:
        """In a line."""
        of = f" of {self.planned}" if self.planned else ""
        return f"{self.taken}{of} pictures, {self.coverage:.0%} of the directions above the table"


@dataclass(frozen=True)
class Details:
    """What an answer says beside code and sentence. figures: in a line; marks: of the points that were found, in the
    camera's picture.
    """

    figures: str = ""
    marks: tuple[Mark, ...] = ()


NO_DETAILS = Details()


@dataclass(frozen=True)
class Attempt:
    """A grasp, a plan or a scan, as `kind` says. began: wall clock, s; took: s; code: None while it runs, -1 when the
    graph gave none; scan: how far a scan is; hand_eye: TransformStamped that a scan found right where the published one
    is off; number: counts up, 1 first.
    """

    object_id: str
    kind: str
    number: int = 0
    began: float = field(default_factory=time.time)
    stage: str = ""
    stages: tuple[str, ...] = ()
    code: int | None = None
    sentence: str = ""
    took: float = 0.0
    scan: ScanProgress = ScanProgress()
    hand_eye: Any = None
    details: Details = NO_DETAILS

    def outcome(self) -> str:
        """In one line."""
        if self.code is None:
            return self.stage or "sent"
        name = "no answer" if self.code < 0 else f"{code_name(self.code, self.kind)} ({self.code})"
        return f"{name}: {self.sentence}" if self.sentence else name


class Attempts:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Attempt | None = None
        self._past: deque[Attempt] = deque(maxlen=KEPT)
        self._count = 0

    @property
    def running(self) -> Attempt | None:
        """The attempt that runs."""
        return self._running

    def past(self) -> list[Attempt]:
        """Those that ended, the newest first."""
        with self._lock:
            return list(self._past)

    def latest_scan(self) -> Attempt | None:
        """The scan that runs, else the one that ended last; None when there was none."""
        with self._lock:
            known = [*([self._running] if self._running else []), *self._past]
        return next((one for one in known if one.kind == SCAN), None)

    def begin(self, object_id: str, kind: str) -> bool:
        """Whether an attempt may begin: no other runs."""
        with self._lock:
            if self._running is not None:
                return False
            self._count += 1
            self._running = Attempt(object_id, kind, self._count)
            return True

    def on_stage(self, stage: int, detail: str) -> None:
        """Feedback of the grasp or plan that runs."""
        self._reached(GRASP_STAGES, stage, detail)

    def on_scan(self, stage: int, detail: str, progress: ScanProgress) -> None:
        """Feedback of the scan that runs."""
        self._reached(SCAN_STAGES, stage, detail, progress)

    def _reached(
        self, names: Mapping[IntEnum, str], number: int, detail: str, progress: ScanProgress | None = None
    ) -> None:
        stage = next((one for one in names if one == number), None)
        words = f"stage {number}" if stage is None else f"{stage.name}: {names[stage]}"
        with self._lock:
            if self._running is None:
                return
            name, before = words.partition(":")[0], self._running.stages
            known = before if progress else before[-1:]  # a scan moves and takes by turns
            self._running = replace(
                self._running,
                stage=f"{words}{f', {detail}' if detail else ''}",
                stages=before if name in known else (*before, name),
                scan=progress or self._running.scan,
            )

    def end(self, code: int, sentence: str, hand_eye: Any = None, details: Details = NO_DETAILS) -> Attempt:
        """The attempt ended; what it is now. hand_eye: see Attempt."""
        with self._lock:
            assert self._running is not None
            took = time.time() - self._running.began
            told = {"code": code, "sentence": sentence, "took": took, "hand_eye": hand_eye, "details": details}
            ended = replace(self._running, **told)
            self._past.appendleft(ended)
            self._running = None
            return ended
