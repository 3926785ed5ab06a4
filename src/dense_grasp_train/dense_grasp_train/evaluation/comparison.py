"""Several networks: mean and spread over seeds, and two groups of networks on the same pairs."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.evaluation.run_predictors import PredictorOutcome

SPREAD_OF = ("auc", "pck3", "pck5", "pck10", "pck20", "median_px", "p90_px")


@dataclass(frozen=True)
class Spread:
    """A figure over several networks: mean and standard deviation (n - 1; NaN for one network)."""

    mean: float
    std: float


@dataclass(frozen=True)
class Comparison:
    """AUC of one group of networks minus that of another, on the same pairs.

    difference: mean over pairs of the per-pair AUC (itself the mean over the group's networks). standard_error: of that
    mean, from the spread of the differences over pairs. ahead: share of pairs on which the first group is better.
    std_first, std_second: of the group's AUCs over its networks, NaN for one.
    """

    pairs: int
    difference: float
    standard_error: float
    ahead: float
    std_first: float
    std_second: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain numbers for JSON, None for what is unknown."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


def over_models(outcomes: list[PredictorOutcome]) -> dict[str, Spread]:
    """Mean and standard deviation over networks of every figure in SPREAD_OF."""
    figures = [outcome.figures for outcome in outcomes]
    return {name: _spread(np.array([getattr(f, name) for f in figures])) for name in SPREAD_OF}


def compare(first: list[PredictorOutcome], second: list[PredictorOutcome]) -> Comparison:
    """Compare two groups pair by pair. Raises ValueError when they were not measured on the same pairs."""
    truths = [outcome.truth for outcome in (*first, *second)]
    same = all(
        len(truth) == len(truths[0]) and all(np.array_equal(x, y) for x, y in zip(truth, truths[0], strict=True))
        for truth in truths
    )
    if not same:
        raise ValueError("the networks were measured on different pairs, expected the same")
    areas = [np.stack([outcome.areas for outcome in group]) for group in (first, second)]
    differences = areas[0].mean(0) - areas[1].mean(0)
    count = len(differences)
    return Comparison(
        count,
        float(differences.mean()),
        float(differences.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan"),
        float((differences > 0).mean()),
        *(_spread(group.mean(1)).std for group in areas),
    )


def _spread(values: NDArray) -> Spread:
    return Spread(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else float("nan"))
