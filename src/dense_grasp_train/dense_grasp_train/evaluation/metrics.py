"""Figures of dense correspondence: honest pixel PCK, its area, and the legacy cosine number.

All pixel errors are Euclidean and scaled to a 640 x 480 image before they come here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

REFERENCE_WIDTH = 640
THRESHOLDS = np.arange(1, 101)


def pck(errors: NDArray, thresholds: NDArray = THRESHOLDS) -> NDArray:
    """Share of (n,) pixel errors that are at most every threshold; NaN counts as a miss."""
    ordered = np.sort(np.where(np.isnan(errors), np.inf, errors))
    if len(ordered) == 0:
        raise ValueError("errors is empty, expected at least one match")
    return np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def auc(errors: NDArray) -> float:
    """Area under the honest curve: mean of PCK@k over k = 1..100."""
    return float(pck(errors).mean())


def legacy_auc(predicted: NDArray, truth: NDArray) -> float:
    """The published number: cosine between the (n, 2) coordinate vectors, thresholded at k / 100, mean over k.

    It measures the angle at the image corner and gives .95 and more to predictors that never look at the picture;
    report it only beside its controls.
    """
    norms = np.linalg.norm(predicted, axis=1) * np.linalg.norm(truth, axis=1)
    cosine = (predicted * truth).sum(1) / np.maximum(norms, 1e-12)
    return float(np.mean([(cosine >= k / 100.0).mean() for k in THRESHOLDS]))


@dataclass(frozen=True)
class MatchFigures:
    """One row of the report; pixels at 640 x 480."""

    pairs: int
    matches: int
    auc: float
    auc_standard_error: float
    pck3: float
    pck5: float
    pck10: float
    pck20: float
    median_px: float
    p90_px: float
    legacy_cosine_auc: float

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON."""
        return asdict(self)


def summarise(predicted: list[NDArray], truth: list[NDArray], scale: float = 1.0) -> MatchFigures:
    """Figures of one predictor over pairs.

    Args:
        predicted, truth: per pair (n, 2) pixels.
        scale: factor to a 640-wide image.
    """
    per_pair = [np.linalg.norm(p - t, axis=1) * scale for p, t in zip(predicted, truth, strict=True)]
    errors = np.concatenate(per_pair)
    areas = np.array([auc(e) for e in per_pair])
    curve = pck(errors)
    return MatchFigures(
        pairs=len(per_pair),
        matches=len(errors),
        auc=float(curve.mean()),
        auc_standard_error=float(areas.std(ddof=1) / np.sqrt(len(areas))) if len(areas) > 1 else float("nan"),
        pck3=float(curve[2]),
        pck5=float(curve[4]),
        pck10=float(curve[9]),
        pck20=float(curve[19]),
        median_px=float(np.median(errors)),
        p90_px=float(np.quantile(errors, 0.9)),
        legacy_cosine_auc=legacy_auc(np.concatenate(predicted), np.concatenate(truth)),
    )
