"""What bench_objects measures of each object, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dense_grasp_bench.session import Trial


@dataclass
class ObjectFigures:
    """One object. robot_s: simulated s until the arm was back; joined: how far the second scan, of the object turned
    over, lies from the truth, or why it did not join; refused: why there is no scan, or no click on it.

    clean: of each trial, whether it was lifted, is held at the end, and nothing else was touched.
    """

    kind: str
    seed: int
    robot_s: float = float("nan")
    views: int = 0
    coverage: float = float("nan")
    scan: str = ""
    joined: str = "-"
    refused: str = ""
    trials: list[Trial] = field(default_factory=list)
    clean: list[bool] = field(default_factory=list)

    @property
    def errors_mm(self) -> list[float]:
        """Of the contacts that were found."""
        return [trial.error_mm for trial in self.trials if trial.found]

    def failures(self) -> Counter[str]:
        """How often each result code, or the referee where the code was SUCCESS, ended a trial that is not clean."""
        return Counter(_cause(trial) for trial, clean in zip(self.trials, self.clean, strict=True) if not clean)


def _cause(trial: Trial) -> str:
    if trial.code != 0:
        return trial.code_name
    return "TOUCHED" if trial.touched else "REFEREE"


def table(objects: Sequence[ObjectFigures]) -> str:
    """Markdown: a row for each object, and one of all trials."""
    lines = [
        "| object | scan, robot s | pictures | coverage | turned over and joined, off by | lifted, nothing else "
        "touched | contact off by mm, median / worst (n found) | failures |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(figures) for figures in objects]
    trials = sum(len(figures.trials) for figures in objects)
    lines.append(f"| all | | | | | {sum(sum(figures.clean) for figures in objects)} of {trials} | | |")
    return "\n".join(lines)


def _row(figures: ObjectFigures) -> str:
    name = f"{figures.kind} {figures.seed}"
    if figures.refused:
        return f"| {name} | {figures.refused} | | | | 0 of {len(figures.trials)} | | |"
    errors = figures.errors_mm
    off = f"{np.median(errors):.1f} / {max(errors):.1f} ({len(errors)})" if errors else "-"
    failures = ", ".join(f"{count} {cause}" for cause, count in figures.failures().most_common()) or "-"
    scan = f"{figures.robot_s:.0f} | {figures.views} | {100.0 * figures.coverage:.0f} % | {figures.joined}"
    return f"| {name} | {scan} | {sum(figures.clean)} of {len(figures.trials)} | {off} | {failures} |"
