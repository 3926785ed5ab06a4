"""One click on real photographs: pairs of pictures with known matches, a table of who finds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.object_model.scan import followed_link
from numpy.typing import NDArray

from dense_grasp_train.data.files import read_colour
from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH, EvaluationError, TestPair
from dense_grasp_train.evaluation.predictors import Predictor

WITHIN_PX = (5, 10, 20)


@dataclass(frozen=True)
class PairFigures:
    """Errors (n,) at 640 px width of the points of one set, found by one row."""

    errors: NDArray[np.float64]

    def within(self, limit: float) -> float:
        """Share of the points that lie within a limit, px."""
        return float((self.errors <= limit).mean())


def read_pairs(folder: Path, most: int) -> dict[str, list[dict]]:
    """The sets of `pairs.json`: name -> at most ``most`` of {a, b, pixels_a, pixels_b}. Raises EvaluationError."""
    path = folder / "pairs.json"
    try:
        sets = json.loads(path.read_text(encoding="utf-8"))
        if not sets or not all(len(pair["pixels_a"]) == len(pair["pixels_b"]) for s in sets.values() for pair in s):
            raise ValueError("it has no sets, or another number of pixels in a than in b")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise EvaluationError(
            f"{path} cannot be read: {error!r}, expected sets of pairs {{a, b, pixels_a, pixels_b}}, pixels at "
            f"{REFERENCE_WIDTH} px width"
        ) from error
    return {name: pairs[:most] for name, pairs in sets.items()}


def load_pair(folder: Path, pair: dict) -> TestPair:
    """Both pictures, 640 px wide, with their matches. The mask says nothing: every pixel may be the object's."""
    images = [_narrow(read_colour(followed_link(folder / pair[side]))) for side in ("a", "b")]
    pixels = [np.array(pair[f"pixels_{side}"], float).reshape(-1, 2) for side in ("a", "b")]
    return TestPair(images[0], images[1], pixels[0], pixels[1], np.ones(images[1].shape[:2], bool))


def measure_pairs(
    rows: dict[str, Predictor], folder: Path, sets: dict[str, list[dict]], advance: Callable[[], None]
) -> dict[str, dict[str, PairFigures]]:
    """Errors of every row on every set of `read_pairs`."""
    return measure_sets(rows, {name: _loaded(folder, pairs) for name, pairs in sets.items()}, advance)


def measure_sets(
    rows: dict[str, Predictor], sets: Mapping[str, Iterable[TestPair]], advance: Callable[[], None]
) -> dict[str, dict[str, PairFigures]]:
    """Errors of every row on every set."""
    found: dict[str, dict[str, PairFigures]] = {}
    for name, pairs in sets.items():
        errors: dict[str, list[NDArray]] = {row: [] for row in rows}
        for pair in pairs:
            for row, predict in rows.items():
                pixels = predict(pair, np.random.default_rng(0)).pixels
                errors[row].append(np.linalg.norm(pixels - pair.pixels_b, axis=1) * pair.pixel_scale)
            advance()
        found[name] = {row: PairFigures(np.concatenate(parts)) for row, parts in errors.items()}
    return found


def pairs_markdown(figures: dict[str, dict[str, PairFigures]]) -> str:
    """One table of all sets and rows."""
    lines = ["| set (n) | descriptors | ≤ 5 px | ≤ 10 px | ≤ 20 px | median px |", "|---|---|---|---|---|---|"]
    for name, rows in figures.items():
        for row, f in rows.items():
            shares = " | ".join(f"{f.within(limit):.0%}" for limit in WITHIN_PX)
            lines.append(f"| {name} ({len(f.errors)}) | {row} | {shares} | {np.median(f.errors):.1f} |")
    return "\n".join(lines) + "\n"


def _loaded(folder: Path, pairs: list[dict]) -> Iterator[TestPair]:
    for pair in pairs:
        yield load_pair(folder, pair)


def _narrow(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if width == REFERENCE_WIDTH:
        return image
    size = (REFERENCE_WIDTH, round(height * REFERENCE_WIDTH / width))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
