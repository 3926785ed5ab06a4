"""Spread over seeds and paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_train.evaluation.comparison import compare, over_models
from dense_grasp_train.evaluation.run_predictors import PredictorOutcome

TRUTH = [np.zeros((4, 2)) for _ in range(3)]


def outcome(*errors: float) -> PredictorOutcome:
    """One error (pixels) a pair for all its matches."""
    return PredictorOutcome([t + np.array([e, 0.0]) for t, e in zip(TRUTH, errors, strict=True)], TRUTH)


def test_paired_difference_and_its_standard_error():
    # A pair whose errors are all k pixels has AUC (101 - k) / 100.
    result = compare([outcome(11, 21, 31)], [outcome(21, 41, 61)])
    differences = np.array([0.1, 0.2, 0.3])
    assert result.pairs == 3 and result.ahead == 1.0
    assert result.difference == pytest.approx(0.2)
    assert result.standard_error == pytest.approx(differences.std(ddof=1) / np.sqrt(3))
    assert np.isnan(result.std_first) and result.as_dict()["std_first"] is None


def test_difficulty_of_the_pairs_cancels():
    easy_and_hard = compare([outcome(1, 50, 90)], [outcome(2, 51, 91)])
    assert easy_and_hard.difference == pytest.approx(0.01)
    assert easy_and_hard.standard_error == pytest.approx(0.0, abs=1e-12)


def test_groups_are_averaged_pair_by_pair():
    result = compare([outcome(11, 11, 11), outcome(31, 31, 31)], [outcome(21, 21, 21)])
    assert result.difference == pytest.approx(0.0)
    assert result.std_first == pytest.approx(np.std([0.9, 0.7], ddof=1))


def test_other_pairs_are_refused():
    other = PredictorOutcome([t + 1 for t in TRUTH], [t + 1 for t in TRUTH])
    with pytest.raises(ValueError, match="different pairs"):
        compare([outcome(1, 2, 3)], [other])
    with pytest.raises(ValueError, match="different pairs"):
        compare([outcome(1, 2, 3)], [PredictorOutcome(TRUTH[:2], TRUTH[:2])])


def test_mean_and_standard_deviation_over_networks():
    spread = over_models([outcome(11, 11, 11), outcome(31, 31, 31)])
    assert spread["auc"].mean == pytest.approx(0.8) and spread["auc"].std == pytest.approx(np.std([0.9, 0.7], ddof=1))
    assert spread["median_px"].mean == pytest.approx(21.0) and spread["pck20"].mean == 0.5
