"""DON's figures on numbers whose answer is known."""

from __future__ import annotations

import json

import numpy as np
from dense_grasp_train.evaluation.dense_object_nets import (
    DISTANCES_MM,
    SHARES,
    closer_curve,
    distance_curve,
    don_figures,
)


def test_figures_over_pairs():
    closer = [np.array([0.0, 0.0]), np.array([0.1, 0.3])]
    distances = [np.array([1.0, 8.0]), np.array([30.0, np.inf, np.nan])]
    figures = don_figures(closer, distances)
    assert figures.closer_mean == 0.1 and figures.closer_median == 0.05
    assert (figures.within_5mm, figures.within_10mm, figures.within_20mm) == (0.25, 0.5, 0.5)
    assert figures.off_object == 0.25 and figures.median_mm == 8.0 and figures.p90_mm == np.inf
    assert json.dumps(figures.as_dict(), allow_nan=False) and figures.as_dict()["p90_mm"] is None


def test_nothing_known_gives_nothing():
    assert all(value is None for value in don_figures([], []).as_dict().values())


def test_curves_count_what_is_at_most_the_limit():
    curve = closer_curve([np.array([0.0, 0.02, 1.0])])
    assert curve[0] == 1 / 3 and curve[-1] == 1.0 and curve[np.searchsorted(SHARES, 0.02)] == 2 / 3
    curve = distance_curve([np.array([0.0, 10.0, np.inf, np.nan])])
    assert (curve[DISTANCES_MM == 9], curve[DISTANCES_MM == 10], curve[-1]) == (1 / 3, 2 / 3, 2 / 3)
