"""Temperature, found threshold and ambiguity ratio from caps that were held out of training.

A descriptor is taught on one held-out object, as an operator would, and searched for in images of other objects and in
images without any. Everything runs through DescriptorExtractor and the network's score, as in the query node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.peaks import find
from dense_grasp_core.matching.scores import match_score
from numpy.typing import NDArray

from dense_grasp_train.augment import backgrounds
from dense_grasp_train.augment.photometric import photometric
from dense_grasp_train.data.views import View, matches_across

TAUGHT = 8
EMPTY_IMAGES = 240
FEWEST_IMAGES = 2
CORRECT_PX = 20.0
SCORE_AT_THRESHOLD = 0.5
_MARGIN = 0.97
_VIEW_CHANGE_DEG = 50.0


class CalibrationError(DenseGraspError):
    """The held-out views are too few to calibrate on."""


@dataclass(frozen=True)
class Calibration:
    """What the model file gets, and how it was found.

    false_finds of empty_queries: best matches on images without the object that reach the threshold.
    recall: share of queries on images with the object that reach it; correct: within 20 px; correct_found: of those
    found. median_px: error of the found ones, across objects, at 640 x 480.
    """

    temperature: float
    found_threshold: float
    ambiguity_ratio: float
    empty_images: int
    empty_queries: int
    false_finds: int
    present_queries: int
    recall: float
    correct: float
    correct_found: float
    median_px: float


def calibrate(
    extractor: DescriptorExtractor, held_out: list[View], seed: int = 0, images: int = EMPTY_IMAGES
) -> Calibration:
    """Choose the three numbers.

    The threshold lies just beyond the nearest impostor among ``images`` images without the object; t is set so that the
    score there is 0.5. The shares of found and correct come from half as many images with it.
    """
    if images < FEWEST_IMAGES:
        raise CalibrationError(f"calibration on {images} images, expected at least {FEWEST_IMAGES}")
    if len({view.instance for view in held_out}) < 2:
        raise CalibrationError("held-out views show fewer than 2 objects, expected at least 2")
    rng = np.random.default_rng([seed, 0xCA1])
    present = _present(extractor, held_out, rng, images // 2)
    taught = np.concatenate([p.descriptors for p in present])
    difference = match_score(extractor.info.score).difference
    impostors = []
    for _ in range(images):
        grid = _grid(extractor, empty_image(rng))
        chosen = taught[rng.integers(0, len(taught), TAUGHT)]
        impostors.append([float(difference(grid, d).min()) for d in chosen])
    nearest_impostor = np.array(impostors)
    limit = _MARGIN * float(nearest_impostor.min())
    temperature = 0.5 * np.log(limit / -np.log(SCORE_AT_THRESHOLD))
    distance, error = (np.concatenate(values) for values in zip(*((p.distance, p.error) for p in present), strict=True))
    found, correct = distance <= limit, error <= CORRECT_PX
    ratios = np.concatenate([p.second_ratio(float(temperature)) for p in present])
    usable = ratios[found & correct]
    return Calibration(
        temperature=round(float(temperature), 4),
        found_threshold=SCORE_AT_THRESHOLD,
        ambiguity_ratio=round(float(np.clip(np.quantile(usable, 0.99), 0.8, 0.99)), 3) if len(usable) else 0.97,
        empty_images=images,
        empty_queries=int(nearest_impostor.size),
        false_finds=int((nearest_impostor <= limit).sum()),
        present_queries=len(distance),
        recall=round(float(found.mean()), 4),
        correct=round(float(correct.mean()), 4),
        correct_found=round(float(correct[found].mean()), 4) if found.any() else 0.0,
        median_px=round(float(np.median(error[found])), 2) if found.any() else float("nan"),
    )


def empty_image(rng: np.random.Generator, height: int = 480, width: int = 640) -> NDArray:
    """A table with or without other things on it, (height, width, 3) uint8."""
    scene = backgrounds.surface(height, width, rng)
    if rng.random() < 0.6:
        scene = backgrounds.add_clutter(scene, rng, count=int(rng.integers(1, 6)))
    return photometric(scene, rng)


@dataclass(frozen=True)
class _Present:
    """Queries on one image with the object: descriptors (n, D), least difference and pixel error (n,)."""

    descriptors: NDArray
    distance: NDArray
    error: NDArray
    second: NDArray

    def second_ratio(self, temperature: float) -> NDArray:
        """Score at the second peak over that at the first, (n,)."""
        return np.exp((self.distance - self.second) * np.exp(-2.0 * temperature))


def _present(extractor: DescriptorExtractor, views: list[View], rng: np.random.Generator, count: int) -> list[_Present]:
    directions = np.stack([view.viewing_direction for view in views])
    instances = np.array([view.instance for view in views])
    out = []
    for _ in range(20 * count):
        a = views[int(rng.integers(len(views)))]
        near = directions @ a.viewing_direction > np.cos(np.deg2rad(_VIEW_CHANGE_DEG))
        candidates = np.flatnonzero(near & (instances != a.instance))
        if not len(candidates):
            continue
        b = views[int(rng.choice(candidates))]
        pixels_a, pixels_b = matches_across(a, b, 8 * TAUGHT, rng)
        if len(pixels_a) < TAUGHT:
            continue
        out.append(_query(extractor, a, b, pixels_a[:TAUGHT], pixels_b[:TAUGHT]))
        if len(out) == count:
            return out
    raise CalibrationError(f"held-out views give {len(out)} pairs of objects, expected {count}")


def _query(extractor: DescriptorExtractor, a: View, b: View, pixels_a: NDArray, pixels_b: NDArray) -> _Present:
    grid_a, grid_b = _grid(extractor, a.rgb), _grid(extractor, b.rgb)
    descriptors = np.stack([grid_a.sample(u, v) for u, v in pixels_a])
    difference = match_score(extractor.info.score).difference
    distance, error, second = [], [], []
    for descriptor, truth in zip(descriptors, pixels_b, strict=True):
        differences = difference(grid_b, descriptor)
        peak = find(np.exp(-differences))
        assert peak is not None  # only an empty mask gives none
        distance.append(float(differences.min()))
        error.append(float(np.hypot(peak.u - truth[0], peak.v - truth[1])))
        second.append(distance[-1] - np.log(max(peak.second_peak_ratio, 1e-9)))
    return _Present(descriptors, np.array(distance), np.array(error), np.array(second))


def _grid(extractor: DescriptorExtractor, image: NDArray) -> DescriptorGrid:
    return DescriptorGrid.from_array(extractor(image), extractor.stride, image.shape[:2])
