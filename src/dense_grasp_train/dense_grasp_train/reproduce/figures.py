"""The figures that the steps of `reproduce` left, read back from their files."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dense_grasp_train.reproduce.steps import Budget, Training

# Share of the logged steps, from the end, over which health figures are averaged.
_LAST = 0.1


@dataclass(frozen=True)
class SeedSpread:
    """Mean and standard deviation (n - 1) over seeds."""

    values: tuple[float, ...]

    def text(self, digits: int = 3) -> str:
        """Mean ± std, or the mean alone for one value; an en dash for none."""
        known = [value for value in self.values if np.isfinite(value)]
        if not known:
            return "–"
        mean = f"{np.mean(known):.{digits}f}"
        return mean if len(known) == 1 else f"{mean} ± {np.std(known, ddof=1):.{digits}f}"

    @property
    def mean(self) -> float:
        """Mean, NaN of nothing."""
        return float(np.mean(self.values)) if self.values else float("nan")


class BudgetFigures:
    """Reports below a work folder. What was not run is empty or None."""

    def __init__(self, budget: Budget, work: Path) -> None:
        self.budget, self.work = budget, work
        self.memory = read(work / "memory" / "report.json")
        self.benchmark = text_of(work / "benchmark" / "report.md")
        self._evaluations = {t.name: read(work / "evaluation" / t.name / "report.json") for t in budget.trainings}

    def _report_of(self, training: Training) -> dict[str, Any]:
        """The evaluation that holds a training's rows: its own, or that in which it is compared with."""
        names = [training.name, *(t.name for t in self.budget.trainings if t.against == training.name)]
        return next((self._evaluations[name] for name in names if self._evaluations[name]), {})

    @property
    def sets(self) -> list[str]:
        """Names of the test sets."""
        return list(next((report["sets"] for report in self._evaluations.values() if report), {}))

    def over_seeds(self, training: Training, name: str, figure: str) -> SeedSpread:
        """A figure of a set over the seeds of a training."""
        rows = self._report_of(training).get("sets", {}).get(name, {})
        stems = [Path(model).stem for model in self.budget.models(training)]
        return SeedSpread(tuple(float(rows[stem][figure]) for stem in stems if stem in rows))

    def keypoints_over_seeds(self, training: Training, name: str, figure: str) -> SeedSpread:
        """The same of the keypoint heads."""
        rows = self._report_of(training).get("keypoints", {}).get(name, {})
        stems = [Path(model).stem for model in self.budget.models(training)]
        found = [rows[stem][figure] for stem in stems if stem in rows]
        return SeedSpread(tuple(float("nan") if value is None else float(value) for value in found))

    def controls(self, name: str) -> dict[str, dict[str, float]]:
        """Rows of a set that are no trained network."""
        trained = {Path(model).stem for t in self.budget.trainings for model in self.budget.models(t)}
        found: dict[str, dict[str, float]] = {}
        for report in self._evaluations.values():
            rows = report.get("sets", {}).get(name, {})
            found |= {row: figures for row, figures in rows.items() if row not in trained}
        return found

    def paired(self, training: Training) -> dict[str, dict[str, float]]:
        """Comparison on the same pairs, by set."""
        return dict(self._evaluations[training.name].get("paired", {}))

    def counts(self) -> tuple[int, int]:
        """Pairs a set and matches a pair."""
        report = next((report for report in self._evaluations.values() if report), {})
        return int(report.get("pairs_per_set", 0)), int(report.get("matches_per_pair", 0))

    def costs(self, training: Training) -> list[dict[str, float]]:
        """Steps, wall and processor minutes of every network that is trained."""
        runs = (self.work / "runs" / Path(model).stem / "cost.json" for model in self.budget.models(training))
        return [cost for cost in map(read, runs) if cost]

    def health(self, training: Training) -> dict[str, SeedSpread]:
        """Health figures at the end of training, mean of the last tenth of the log, over seeds."""
        by_name: dict[str, list[float]] = {}
        for model in self.budget.models(training):
            if not (self.work / model).is_file():
                continue
            for name, value in _last_health(self.work / "runs" / Path(model).stem).items():
                by_name.setdefault(name, []).append(value)
        return {name: SeedSpread(tuple(values)) for name, values in by_name.items()}

    def exported(self) -> str:
        """Table of the exported files' agreement with torch."""
        name = Path(self.budget.models(self.budget.trainings[0])[0]).stem
        return text_of(self.work / "export" / f"{name}.md").partition("## Exported files")[2].strip()


def read(path: Path) -> dict[str, Any]:
    """A JSON object, empty when there is none."""
    text = text_of(path)
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def text_of(path: Path) -> str:
    """A file's text, empty when there is none."""
    return path.read_text() if path.is_file() else ""


def _last_health(run: Path) -> dict[str, float]:
    rows: list[dict[str, str]] = []
    for log in sorted(run.glob("logs/*/metrics.csv")):
        with log.open(newline="") as lines:
            rows += list(csv.DictReader(lines))
    last = rows[-max(1, round(_LAST * len(rows))) :]
    names = [name for name in (rows[-1] if rows else {}) if name.startswith("health_")]
    means = {name.removeprefix("health_"): [float(row[name]) for row in last if row.get(name)] for name in names}
    return {name: float(np.mean(values)) for name, values in means.items() if values}
