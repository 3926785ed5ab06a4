"""PCK and its area on errors whose answer is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_train.evaluation import metrics


@pytest.mark.parametrize("sigma, ladder", [(1, 0.996), (2, 0.984), (5, 0.947), (10, 0.884), (16, 0.807)])
def test_gaussian_ladder(sigma, ladder):
    offsets = np.random.default_rng(0).normal(0, sigma, (200_000, 2))
    area = metrics.auc(np.linalg.norm(offsets, axis=1))
    k = metrics.THRESHOLDS
    assert area == pytest.approx(np.mean(1 - np.exp(-(k**2) / (2 * sigma**2))), abs=1e-3)
    # the ladder integrates by trapezoids, half a step above the mean over k
    assert area == pytest.approx(ladder, abs=0.006)


def test_pck_counts_equality_and_treats_nan_as_a_miss():
    curve = metrics.pck(np.array([1.0, 2.5, np.nan, 200.0]))
    assert curve[0] == 0.25 and curve[1] == 0.25 and curve[2] == 0.5 and curve[-1] == 0.5


def test_pck_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one match"):
        metrics.pck(np.array([]))


def test_perfect_and_hopeless():
    assert metrics.auc(np.zeros(5)) == 1.0
    assert metrics.auc(np.full(5, 101.0)) == 0.0


def test_legacy_number_flatters_the_image_centre():
    rng = np.random.default_rng(0)
    truth = rng.uniform([200, 150], [440, 330], (5000, 2))
    centre = np.tile([[320.0, 240.0]], (5000, 1))
    assert metrics.legacy_auc(centre, truth) > 0.95
    assert metrics.auc(np.linalg.norm(centre - truth, axis=1)) < 0.35


def test_summary_scales_pixels_and_counts_pairs():
    truth = [np.zeros((4, 2)), np.zeros((4, 2))]
    predicted = [np.full((4, 2), [3.0, 0.0]), np.full((4, 2), [0.0, 5.0])]
    figures = metrics.summarise(predicted, truth, scale=2.0)
    assert (figures.pairs, figures.matches) == (2, 8)
    assert figures.median_px == pytest.approx(8.0)
    assert figures.pck5 == 0.0 and figures.pck10 == 1.0
    assert figures.auc == pytest.approx((0.95 + 0.91) / 2)
