"""The fixed test sets: pairs of full camera images with known matches, the same for every network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_train.augment.compose import Composed, compose_view, depth_at, draw_warp
from dense_grasp_train.augment.warps import similarity
from dense_grasp_train.data.pair_geometry import PairGeometry
from dense_grasp_train.data.pairs import exact_motion
from dense_grasp_train.data.views import View, matches_across, matches_between, matches_within
from dense_grasp_train.evaluation.metrics import REFERENCE_WIDTH
from dense_grasp_train.training.config import PairOptions

SMALLEST_CHANGE_DEG, LARGEST_CHANGE_DEG = 20.0, 50.0
MATCHES = 256
SET_NAMES = ("augmented", "view change", "unseen cap", "trained to unseen")
_IMAGE = PairOptions(
    crop=(640, 480),
    input_scale=1.0,
    zoom=(0.8, 1.25),
    margin=0.0,
    photometric=0.7,
    as_rendered=0.0,
    recolour=0.0,
    occlusion=0.0,
)
_TRIES = 60


class EvaluationError(DenseGraspError):
    """The test sets cannot be made from the views at hand."""


@dataclass(frozen=True)
class TestPair:
    """Two images (H, W, 3) uint8, matches (n, 2) px in each, the visible object in B (H, W) bool, and its geometry.

    The caps' sets have 480 x 640 pixels and 256 matches. ``geometry`` is None where nothing but pixels is known.
    """

    __test__ = False
    image_a: NDArray
    image_b: NDArray
    pixels_a: NDArray
    pixels_b: NDArray
    mask_b: NDArray
    geometry: PairGeometry | None = None

    @property
    def pixel_scale(self) -> float:
        """Factor from pixels of B to those of a 640-wide image."""
        return REFERENCE_WIDTH / self.image_b.shape[1]


def augmented(views: list[View], count: int, seed: int) -> Iterator[TestPair]:
    """One view, warped, relit and put onto another background twice."""
    return _pairs(views, views, "augmented", count, seed)


def view_change(views: list[View], count: int, seed: int) -> Iterator[TestPair]:
    """Two views of one object whose directions differ by 20..50 degrees, on different backgrounds."""
    return _pairs(views, views, "view", count, seed)


def across(views_a: list[View], views_b: list[View], count: int, seed: int) -> Iterator[TestPair]:
    """A view of one object and a view of another, directions up to 50 degrees apart, matched by surface place."""
    return _pairs(views_a, views_b, "across", count, seed)


def _pairs(views_a: list[View], views_b: list[View], kind: str, count: int, seed: int) -> Iterator[TestPair]:
    directions = np.stack([view.viewing_direction for view in views_b])
    instances = np.array([view.instance for view in views_b])
    order = np.random.default_rng([seed, len(views_a)]).permutation(len(views_a))
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        for attempt in range(_TRIES):
            a = (
                views_a[order[(number + attempt * count) % len(order)]]
                if attempt < 3
                else views_a[rng.integers(len(order))]
            )
            b = _partner(a, views_b, directions, instances, kind, rng)
            pair = None if b is None else _compose(a, b, kind, rng)
            if pair is not None:
                yield pair
                break
        else:
            raise EvaluationError(
                f"no {kind} pair with {MATCHES} visible matches among {len(views_a)} x {len(views_b)} views; "
                "more views per object are needed"
            )


def _partner(
    a: View,
    views_b: Sequence[View],
    directions: NDArray,
    instances: NDArray,
    kind: str,
    rng: np.random.Generator,
) -> View | None:
    if kind == "augmented":
        return a
    angle = np.rad2deg(np.arccos(np.clip(directions @ a.viewing_direction, -1, 1)))
    if kind == "view":
        allowed = (instances == a.instance) & (angle >= SMALLEST_CHANGE_DEG) & (angle <= LARGEST_CHANGE_DEG)
    else:
        allowed = (instances != a.instance) & (angle <= LARGEST_CHANGE_DEG)
    candidates = np.flatnonzero(allowed)
    return views_b[int(rng.choice(candidates))] if len(candidates) else None


def _compose(a: View, b: View, kind: str, rng: np.random.Generator) -> TestPair | None:
    source = {"augmented": matches_within, "view": matches_between, "across": matches_across}
    drawn = 6 * MATCHES
    found = source[kind](a, drawn, rng) if kind == "augmented" else source[kind](a, b, drawn, rng)  # type: ignore[operator]
    if len(found[0]) < MATCHES:
        return None
    stay = similarity(0.0, 1.0, np.zeros(2), np.zeros(2))
    images = [compose_view(v, draw_warp(v, _IMAGE, rng) if kind == "augmented" else stay, _IMAGE, rng) for v in (a, b)]
    pixels_a, pixels_b = (image.warp.apply(pixels) for image, pixels in zip(images, found, strict=True))
    seen = np.flatnonzero(images[0].shows(pixels_a) & images[1].shows(pixels_b))[:MATCHES]
    if len(seen) < MATCHES:
        return None
    geometry = _geometry(a, b, images, kind)
    return TestPair(images[0].rgb, images[1].rgb, pixels_a[seen], pixels_b[seen], images[1].visible > 0.5, geometry)


def _geometry(a: View, b: View, images: list[Composed], kind: str) -> PairGeometry:
    depths = []
    for view, image in zip((a, b), images, strict=True):
        height, width = image.visible.shape
        v, u = np.mgrid[:height, :width]
        depth = depth_at(view, image, np.stack([u.ravel(), v.ravel()], 1))
        depths.append(depth.reshape(height, width).astype(np.float32))
    motion = None if kind == "across" else exact_motion(a, b, *images)
    return PairGeometry(images[0].camera_matrix, images[1].camera_matrix, depths[0], depths[1], motion)
