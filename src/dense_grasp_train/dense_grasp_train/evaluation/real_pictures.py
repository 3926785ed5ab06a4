"""Real pictures with truth as test pairs: what ``train --real FOLDER`` prints its figure on.

FOLDER is one that ``evaluate --pictures`` takes (pairs.json, or scans <room>/<object> of an object in two rooms), a
scan or a folder of scans, or the folder of the scenes of a BOP set, `<root>/test` say.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from dense_grasp_core.descriptors.provenance import WITHIN_PX, Trial
from dense_grasp_core.object_model.scan import read_scan
from numpy.typing import NDArray

from dense_grasp_train.data.bop import BopSet
from dense_grasp_train.data.bop_layout import scene_numbers
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError, TestPair
from dense_grasp_train.evaluation.moved_object import load_scan_pair, scan_pairs
from dense_grasp_train.evaluation.picture_pairs import PairFigures, load_pair, read_pairs
from dense_grasp_train.evaluation.predictors import Predictor
from dense_grasp_train.evaluation.scan_clicks import scan_clicks

PAIRS = 20
_SEED = 7
Sets = dict[str, list[TestPair]]


def real_sets(
    folder: Path, trained: list[Path], most: int = PAIRS, say: Callable[[str], None] = lambda text: None
) -> Sets:
    """The sets of test pairs that a folder of real pictures gives, at most ``most`` pairs each, in memory.

    trained: folders that the network learns from; pairs whose searched picture lies there are left out, and ``say`` is
    told. Raises EvaluationError for a folder without any pair, DatasetError or ScanError that names a damaged file.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is no folder, expected real pictures with their truth")
    own = [path.resolve() for path in trained]
    left_out: list[str] = []

    def held_out(path: Path) -> bool:
        resolved = path.resolve()
        known = any(resolved.is_relative_to(other) for other in own)
        if known:
            left_out.append(str(path.relative_to(folder)) if path != folder else str(path))
        return not known

    sets = {name: list(islice(pairs, most)) for name, pairs in _sets(folder, most, held_out)}
    sets = {name: pairs for name, pairs in sets.items() if pairs}
    if left_out:
        say(f"{folder}: {len(left_out)} pairs or scans are left out, the network learns from their pictures")
    if not sets:
        raise EvaluationError(
            f"{folder} gives no held-out pair, expected pairs.json, an object scanned in two rooms "
            "(<room>/<object>/poses.json), a scan, or the scenes of a BOP set"
            + (f"; {left_out[0]} is trained on" if left_out else "")
        )
    return sets


def _sets(
    folder: Path, most: int, held_out: Callable[[Path], bool]
) -> Iterator[tuple[str, Iterator[TestPair] | list[TestPair]]]:
    if scene_numbers(folder):
        if held_out(folder):
            yield folder.parent.name, BopSet(folder.parent, folder.name).view_change(most, _SEED)
        return
    if (folder / "pairs.json").is_file():
        for name, pairs in read_pairs(folder, most).items():
            yield name, [load_pair(folder, pair) for pair in pairs if held_out(folder / pair["b"])]
    rooms = scan_pairs(folder)
    for first, second in rooms:
        if held_out(second):
            yield (
                f"{first.relative_to(folder)} → {second.relative_to(folder)}, one click",
                clicks_of((first, second), most),
            )
    if not rooms and not (folder / "pairs.json").is_file():
        for scan in sorted({path.parent for path in (*folder.glob("poses.json"), *folder.glob("*/poses.json"))}):
            if held_out(scan):
                views = read_scan(scan)
                yield scan.name, list(scan_clicks(views, views, _SEED))[:most]


def clicks_of(scans: tuple[Path, Path], most: int) -> list[TestPair]:
    """At most ``most`` pairs of `scan_clicks` from the first scan into the second, spread over the second."""
    clicked, searched = load_scan_pair(scans)
    pairs = list(scan_clicks(clicked, searched, _SEED))
    return [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, most).round().astype(int))] if pairs else []


def fewer_points(sets: Sets, pairs: int, points: int) -> Sets:
    """The first pairs of each set with their first points, for a figure that takes seconds."""

    def less(pair: TestPair) -> TestPair:
        return dataclasses.replace(pair, pixels_a=pair.pixels_a[:points], pixels_b=pair.pixels_b[:points])

    return {name: [less(pair) for pair in found[:pairs]] for name, found in sets.items()}


def trials(predict: Predictor, sets: Sets) -> list[Trial]:
    """What a predictor finds on each set of photographs."""
    return [trial(name, errors_of(predict, pairs)) for name, pairs in sets.items()]


def trial(name: str, errors: NDArray[np.float64]) -> Trial:
    """Of the errors (n,), px at 640 px width, on photographs."""
    figures = PairFigures(errors)
    median = float(np.median(np.minimum(errors, 1e4)))
    return Trial(name, True, len(errors), round(figures.within(WITHIN_PX), 4), round(median, 2))


def errors_of(predict: Predictor, pairs: list[TestPair]) -> NDArray[np.float64]:
    """Errors (n,) of all points of the pairs, px at 640 px width."""
    errors = []
    for pair in pairs:
        pixels = predict(pair, np.random.default_rng(0)).pixels
        errors.append(np.linalg.norm(pixels - pair.pixels_b, axis=1) * pair.pixel_scale)
    return np.concatenate(errors)


def overall(found: list[Trial]) -> Trial:
    """Mean share over the sets and median of their medians, with all their points."""
    share = float(np.mean([trial.found for trial in found]))
    median = float(np.median([trial.median_px for trial in found]))
    return Trial("all sets", True, sum(trial.points for trial in found), round(share, 4), round(median, 2))
