"""What an evaluation reports: every figure of its outcomes, as tables, plots and JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from dense_grasp_core.descriptors.provenance import Trial

from dense_grasp_train.evaluation import report
from dense_grasp_train.evaluation.comparison import compare, over_models
from dense_grasp_train.evaluation.dense_object_nets import don_figures
from dense_grasp_train.evaluation.keypoint_repeatability import keypoint_figures
from dense_grasp_train.evaluation.run_predictors import KeypointOutcomes, Outcomes


class Summary:
    """The figures of an evaluation.

    own: rows of the networks that are measured, several when they are seeds of one method. against: rows of those they
    are compared with. required: least AUC by set.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        keypoints: KeypointOutcomes,
        own: list[str],
        against: list[str],
        required: dict[str, float],
    ) -> None:
        self._outcomes, self._own, self._against, self._required = outcomes, own, against, required
        self._figures = {name: {row: o.figures for row, o in rows.items()} for name, rows in outcomes.items()}
        self._don = {
            name: {row: don_figures(o.closer, o.distance_mm) for row, o in rows.items()}
            for name, rows in outcomes.items()
        }
        self._keypoints = {
            name: {row: keypoint_figures(errors) for row, errors in rows.items() if errors}
            for name, rows in keypoints.items()
        }
        groups = [{name: [rows[row] for row in group] for name, rows in outcomes.items()} for group in (own, against)]
        self._spreads = {name: over_models(group) for name, group in groups[0].items()} if len(own) > 1 else {}
        self._paired = {name: compare(group, groups[1][name]) for name, group in groups[0].items()} if against else {}

    @property
    def reached(self) -> bool:
        """Whether the mean AUC over the own networks reaches what is required, on every set."""
        means = {
            name: sum(self._figures[name][row].auc for row in self._own) / len(self._own) for name in self._required
        }
        return all(means[name] >= least for name, least in self._required.items())

    def trials(self, row: str) -> list[Trial]:
        """What a row found on the sets, which are renders, for the header of its file."""
        return [
            Trial(name, False, figures[row].matches, round(figures[row].pck10, 4), round(figures[row].median_px, 2))
            for name, figures in self._figures.items()
        ]

    @property
    def table(self) -> str:
        """The main table, for the model's card."""
        return report.markdown(self._figures, self._required)

    @property
    def text(self) -> str:
        """All tables."""
        parts = [self.table]
        if self._spreads:
            parts.append(report.spread_markdown(self._spreads, len(self._own), self._required))
        if self._paired:
            parts.append(report.comparison_markdown(self._paired, ", ".join(self._own), ", ".join(self._against)))
        parts.append(report.don_markdown(self._don))
        if any(self._keypoints.values()):
            parts.append(report.keypoint_markdown(self._keypoints))
        return "\n".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """All figures as plain values, for JSON."""
        content: dict[str, Any] = {
            key: {name: {row: f.as_dict() for row, f in rows.items()} for name, rows in figures.items()}
            for key, figures in (("sets", self._figures), ("don", self._don), ("keypoints", self._keypoints))
        }
        if self._spreads:
            content["over_models"] = {
                name: {figure: asdict(spread) for figure, spread in by_figure.items()}
                for name, by_figure in self._spreads.items()
            }
        if self._paired:
            content["paired"] = {name: comparison.as_dict() for name, comparison in self._paired.items()}
        return content

    def plot(self, folder: Path) -> list[str]:
        """Draw the curves into a folder; the names of the files."""
        errors = {name: {row: o.errors for row, o in rows.items()} for name, rows in self._outcomes.items()}
        report.plot(errors, folder / "pck.png")
        return ["pck.png", *report.plot_don(self._outcomes, folder)]
