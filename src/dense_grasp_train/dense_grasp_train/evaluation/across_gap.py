"""Siblings across the gap: a point taught by one click on rendered caps is looked for on photographs of a real cap.

Each of the rendered caps, which no network was trained on, stands crown up and is seen by the scan's camera from where
some of the scan's pictures were taken, so that pictures differ in what they show and not in lens or distance. Each of
its points is clicked once, in the first of its pictures that shows it, and looked for in the whole of every photograph
that shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_assets.cap.mesh import cap_point, make_cap_params
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, kabsch, rotation_angle, transform
from dense_grasp_core.object_model.scan import ScanView, read_scan
from numpy.typing import NDArray

from dense_grasp_train.evaluation.average_cap import average_cap
from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH, TestPair
from dense_grasp_train.evaluation.marked_points import (
    MarkedPoint,
    in_view,
    placed,
    read_marks,
    seen_pixels,
)
from dense_grasp_train.evaluation.predictors import Predictor
from dense_grasp_train.render.scene import RenderScene, compose_scene, render_from

Array = NDArray[np.float64]
CAPS = tuple(range(1000, 1010))
_PICTURES = 4
_SEED = 0x6A9
_STANDING = (0.0, 1.0, 0.0)


@dataclass(frozen=True)
class Photograph:
    """A picture of the real cap, 640 px wide: pixels (n, 2) of the n points, and which of them it shows."""

    name: str
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    pixels: Array
    seen: NDArray[np.bool_]
    camera_from_cap: Array


@dataclass(frozen=True)
class TaughtPicture:
    """A picture of a rendered cap with its clicks: pixels (k, 2) of the points (k,) that are taught in it."""

    cap: int
    image: NDArray[np.uint8]
    points: NDArray[np.int64]
    pixels: Array
    camera_from_cap: Array


@dataclass(frozen=True)
class Question:
    """One taught point in one photograph: cap, number of the point, angle between the two views in degrees."""

    cap: int
    point: int
    angle: float


def photographs_of(folder: Path, file: Path) -> tuple[list[MarkedPoint], list[Photograph], CameraModel, float]:
    """The points of a file of marks, the pictures of its scan below a folder, their camera, and how far (RMS, metres)
    the real cap's points lie from those of the average parametric cap.

    Raises EvaluationError for marks that do not meet, ScanError for a damaged scan.
    """
    scan, points = read_marks(file)
    views = read_scan(folder / scan)
    places = placed(points, views)
    on_cap = np.array([cap_point(average_cap(), p.part, p.u, p.v) for p in points])
    scan_from_cap, residual = kabsch(on_cap, places)
    pictures = [_photograph(view, places, view.pose @ scan_from_cap) for view in views]
    factor = REFERENCE_WIDTH / views[0].camera.width
    return points, pictures, views[0].camera.scaled(factor, factor), residual


def _photograph(view: ScanView, places: Array, camera_from_cap: Array) -> Photograph:
    pixels, seen = in_view(view, places)
    factor = REFERENCE_WIDTH / view.camera.width
    size = (REFERENCE_WIDTH, round(view.camera.height * factor))
    image = cv2.resize(view.rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    mask = cv2.resize(view.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return Photograph(view.name, image, mask, (pixels + 0.5) * factor - 0.5, seen, camera_from_cap)


def taught_pictures(
    points: list[MarkedPoint], pictures: list[Photograph], camera: CameraModel, advance: Callable[[], None]
) -> list[TaughtPicture]:
    """Of each of CAPS so many pictures as have clicks, at most four."""
    taught = []
    for cap in CAPS:
        rng = np.random.default_rng([_SEED, cap])
        scene = compose_scene(_SEED, cap, (cap,), pose_shares=_STANDING)
        left = np.ones(len(points), bool)
        for index in rng.permutation(len(pictures))[:_PICTURES]:
            picture = _taught(scene, cap, points, left, camera, pictures[index].camera_from_cap, rng)
            if len(picture.points):
                taught.append(picture)
                left[picture.points] = False
        advance()
    return taught


def _taught(
    scene: RenderScene,
    cap: int,
    points: list[MarkedPoint],
    left: NDArray[np.bool_],
    camera: CameraModel,
    camera_from_cap: Array,
    rng: np.random.Generator,
) -> TaughtPicture:
    view = render_from(scene, camera, scene.world_from_object @ inverse(camera_from_cap), rng)
    params = make_cap_params(cap)
    there = transform(camera_from_cap, np.array([cap_point(params, p.part, p.u, p.v) for p in points]))
    pixels = camera.project(there)
    chosen = np.flatnonzero(left & seen_pixels(there, pixels, view.depth, view.mask_visible))
    return TaughtPicture(cap, view.rgb, chosen, pixels[chosen], camera_from_cap)


def questions_of(taught: list[TaughtPicture], pictures: list[Photograph]) -> list[tuple[TestPair, list[Question]]]:
    """Every taught picture with every photograph that shows one of its points."""
    pairs = []
    for picture in taught:
        for photograph in pictures:
            asked = photograph.seen[picture.points]
            if asked.any():
                numbers = picture.points[asked]
                angle = float(np.degrees(rotation_angle(picture.camera_from_cap @ inverse(photograph.camera_from_cap))))
                pair = TestPair(
                    picture.image,
                    photograph.image,
                    picture.pixels[asked],
                    photograph.pixels[numbers],
                    photograph.mask,
                )
                pairs.append((pair, [Question(picture.cap, int(number), angle) for number in numbers]))
    return pairs


def measure_across(
    rows: dict[str, Predictor], asked: list[tuple[TestPair, list[Question]]], advance: Callable[[], None]
) -> dict[str, Array]:
    """Errors (n,) in px at 640 px width of every row, in the order of the questions."""
    errors: dict[str, list[Array]] = {row: [] for row in rows}
    for pair, _ in asked:
        for row, predict in rows.items():
            found = predict(pair, np.random.default_rng(0)).pixels
            errors[row].append(np.linalg.norm(found - pair.pixels_b, axis=1) * pair.pixel_scale)
        advance()
    return {row: np.concatenate(parts) for row, parts in errors.items()}
