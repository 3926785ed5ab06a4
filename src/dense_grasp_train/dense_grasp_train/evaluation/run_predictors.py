"""Run predictors over test sets and keep, pair by pair, what every figure is computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray

from dense_grasp_train.data.pair_geometry import distance_mm
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.keypoint_repeatability import KeypointErrors, KeypointProbe
from dense_grasp_train.evaluation.metrics import MatchFigures, auc, summarise
from dense_grasp_train.evaluation.predictors import Prediction, Predictor


@dataclass
class PredictorOutcome:
    """One predictor on one set; every list has an entry a pair.

    predicted, truth: (n, 2) pixels of a 640-wide image. closer: (n,) shares of pixels closer than the truth, empty list
    for predictors without descriptors. distance_mm: (n,) errors in space, empty list without depth.
    """

    predicted: list[NDArray] = field(default_factory=list)
    truth: list[NDArray] = field(default_factory=list)
    closer: list[NDArray] = field(default_factory=list)
    distance_mm: list[NDArray] = field(default_factory=list)

    @property
    def errors(self) -> NDArray:
        """All pixel errors, at 640 x 480."""
        return np.linalg.norm(np.concatenate(self.predicted) - np.concatenate(self.truth), axis=1)

    @property
    def areas(self) -> NDArray:
        """AUC of every pair."""
        pairs = zip(self.predicted, self.truth, strict=True)
        return np.array([auc(np.linalg.norm(p - t, axis=1)) for p, t in pairs])

    @property
    def figures(self) -> MatchFigures:
        """Pixel figures over all pairs."""
        return summarise(self.predicted, self.truth)


Outcomes = dict[str, dict[str, PredictorOutcome]]
KeypointOutcomes = dict[str, dict[str, list[KeypointErrors]]]


def measure(
    rows: dict[str, Predictor],
    sets: Mapping[str, Iterable[TestPair]],
    probes: dict[str, KeypointProbe] | None = None,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Outcomes, KeypointOutcomes]:
    """Run every predictor, and every probe of keypoint heads, over every set: outcomes by set and row.

    Every row sees the same pairs and, pair by pair, the same random numbers; the rows of a pair share the cores.
    ``advance`` is called after each pair.
    """
    outcomes: Outcomes = {}
    keypoints: KeypointOutcomes = {}
    with ThreadPoolExecutor(cpu_count()) as pool:
        for name, pairs in sets.items():
            outcomes[name] = {row: PredictorOutcome() for row in rows}
            keypoints[name] = {row: [] for row in probes or {}}
            sizes: set[tuple[int, ...]] = set()
            for number, pair in enumerate(pairs):
                # Images of a new size compile the networks anew, and conversion to OpenVINO among threads hung once.
                before, sizes = sizes, {pair.image_a.shape, pair.image_b.shape}
                predictions = _predict(rows, pair, number, pool if sizes == before and len(sizes) == 1 else None)
                for outcome, prediction in zip(outcomes[name].values(), predictions, strict=True):
                    _record(outcome, pair, prediction)
                if pair.geometry is not None and pair.geometry.b_from_a is not None:
                    for row, probe in (probes or {}).items():
                        keypoints[name][row].append(probe(pair))
                advance()
    return outcomes, keypoints


def _predict(
    rows: dict[str, Predictor], pair: TestPair, number: int, pool: ThreadPoolExecutor | None
) -> list[Prediction]:
    """The answer of every row, side by side in ``pool`` or one after the other."""

    def answer(predict: Predictor) -> Prediction:
        return predict(pair, np.random.default_rng([1, number]))

    return list((map if pool is None else pool.map)(answer, rows.values()))


def _record(outcome: PredictorOutcome, pair: TestPair, prediction: Prediction) -> None:
    outcome.predicted.append(prediction.pixels * pair.pixel_scale)
    outcome.truth.append(pair.pixels_b * pair.pixel_scale)
    if prediction.closer is not None:
        outcome.closer.append(prediction.closer)
    if pair.geometry is not None:
        outcome.distance_mm.append(distance_mm(pair.geometry, prediction.pixels, pair.pixels_b))
