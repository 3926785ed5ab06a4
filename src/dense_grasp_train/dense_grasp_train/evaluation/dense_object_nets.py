"""The curves of Dense Object Nets (Florence, Manuelli and Tedrake 2018, Fig. 4 and 5).

Share of the image's pixels whose descriptor is closer than the true match's, and error in space of the best match.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

SHARES = np.logspace(-5, 0, 101)
DISTANCES_MM = np.arange(0, 101)


@dataclass(frozen=True)
class DonFigures:
    """One row; NaN where the predictor or the set has no such figure.

    closer_mean, closer_median: share of image pixels closer than the truth, 0..1. off_object: share of matches behind
    which nothing is known; in the other figures they are infinitely far off. median_mm, p90_mm: error in space.
    within_5mm, within_10mm, within_20mm: share of matches.
    """

    closer_mean: float
    closer_median: float
    off_object: float
    median_mm: float
    p90_mm: float
    within_5mm: float
    within_10mm: float
    within_20mm: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain numbers for JSON, None for what is infinite or unknown."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


def don_figures(closer: list[NDArray], distances_mm: list[NDArray]) -> DonFigures:
    """Figures over pairs: closer shares (n,) and errors (n,) mm, inf off the object, NaN where the truth is unknown."""
    shares = np.concatenate(closer) if closer else np.array([])
    distances = _known(distances_mm)
    nan = float("nan")
    return DonFigures(
        closer_mean=float(shares.mean()) if len(shares) else nan,
        closer_median=float(np.median(shares)) if len(shares) else nan,
        off_object=float(np.isinf(distances).mean()) if len(distances) else nan,
        median_mm=_quantile(distances, 0.5),
        p90_mm=_quantile(distances, 0.9),
        within_5mm=float((distances <= 5.0).mean()) if len(distances) else nan,
        within_10mm=float((distances <= 10.0).mean()) if len(distances) else nan,
        within_20mm=float((distances <= 20.0).mean()) if len(distances) else nan,
    )


def closer_curve(closer: list[NDArray]) -> NDArray:
    """(101,) share of matches with at most SHARES of the image closer than the truth."""
    return _cumulative(np.concatenate(closer), SHARES)


def distance_curve(distances_mm: list[NDArray]) -> NDArray:
    """(101,) share of matches within DISTANCES_MM of the true point."""
    return _cumulative(_known(distances_mm), DISTANCES_MM)


def _known(distances_mm: list[NDArray]) -> NDArray:
    flat = np.concatenate(distances_mm) if distances_mm else np.array([])
    return flat[~np.isnan(flat)]


def _quantile(values: NDArray, share: float) -> float:
    """The smallest value that at least ``share`` of all reach; infinite entries count, NaN for none."""
    if not len(values):
        return float("nan")
    return float(np.sort(values)[max(0, int(np.ceil(share * len(values))) - 1)])


def _cumulative(values: NDArray, limits: NDArray) -> NDArray:
    return np.searchsorted(np.sort(values), limits, side="right") / max(len(values), 1)
