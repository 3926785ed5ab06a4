"""A scanned object that has moved: its pose from the bank of one scan in the pictures of another, colour alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.object_model.pose import ObjectPose, PoseFinder, PoseSearch
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.object_model.scan_check import require_consistent
from dense_grasp_core.object_model.view_bank import Describe, ViewBank
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH, EvaluationError
from dense_grasp_train.evaluation.tag_board import BLANK

POINTS = 100
MOST_MEDIAN_PX = 5.0
_BOOTSTRAPS = 1000


@dataclass(frozen=True)
class MovedPicture:
    """What came of one picture. errors (POINTS,) at 640 px width, inf where no pose was found; angle: of the rotation
    between the found pose and the true one, degrees, 180 where none was found; seconds: from the picture to the pose;
    runs: of the network.
    nearest, nearest_angle: errors and angle of the pose that is nearest to the truth among those that the search ends
    with, of which it takes the best explained one.
    """

    view: ScanView
    pose: ObjectPose | None
    errors: NDArray[np.float64]
    angle: float
    seconds: float
    runs: int
    every_fourth: bool
    nearest: NDArray[np.float64]
    nearest_angle: float


def scan_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Scans of the same name in two rooms, <room>/<object>: the first room's is the bank, each other one the test."""
    by_name: dict[str, list[Path]] = {}
    for poses in sorted(folder.glob("*/*/poses.json")):
        by_name.setdefault(poses.parent.name, []).append(poses.parent)
    return [(scans[0], other) for scans in by_name.values() for other in scans[1:]]


def measure_moved(
    bank: ViewBank, moved: list[ScanView], describe: Describe, advance: Callable[[], None], seed: int = 0
) -> list[MovedPicture]:
    """Find the object of a bank in every picture of ``moved``; depth, mask and pose only judge the answer.

    seed: of the pose search. Every fourth picture has a row of its own: whoever works on the method looks at those and
    leaves the others.
    """
    if not moved:
        raise EvaluationError("the moved scan has no picture, expected one or more")
    runs = 0

    def counted(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal runs
        runs += 1
        return describe(rgb)

    finder = PoseFinder(bank, counted, PoseSearch(seed=seed))
    finder(moved[0].rgb, moved[0].camera)  # compiles the network for the picture's sizes
    found = []
    for index, view in enumerate(moved):
        runs, started = 0, time.perf_counter()
        poses = finder(view.rgb, view.camera)
        seconds = time.perf_counter() - started
        best = poses[0] if poses else None
        errors, angle = judge(view, best)
        judged = [judge(view, pose) for pose in poses] or [(errors, angle)]
        nearest = min(judged, key=lambda each: float(np.median(each[0])))
        found.append(MovedPicture(view, best, errors, angle, seconds, runs, index % 4 == 0, *nearest))
        advance()
    return found


def blanked(views: list[ScanView]) -> list[ScanView]:
    """The views with every pixel off the object grey."""
    return [replace(view, rgb=np.where(view.mask[..., None], view.rgb, np.uint8(BLANK))) for view in views]


def judged_pixels(view: ScanView) -> NDArray[np.int64]:
    """The pixels (POINTS, 2) of random visible points of the object by which a picture is judged."""
    pixels = view.surface_pixels()
    return pixels[np.random.default_rng(0).integers(0, len(pixels), POINTS)]


def judge(view: ScanView, pose: ObjectPose | None) -> tuple[NDArray[np.float64], float]:
    """Errors (POINTS,) of random visible points of the object, px at 640 px width, and the rotation's, degrees."""
    if pose is None:
        return np.full(POINTS, np.inf), 180.0
    pixels = judged_pixels(view)
    points = view.points(pixels)
    found = view.camera.project(transform(pose.camera_from_object, points))
    errors = np.nan_to_num(np.linalg.norm(found - pixels, axis=1), nan=np.inf, posinf=np.inf)
    angle = rotation_angle(pose.camera_from_object @ inverse(view.pose))
    return errors * REFERENCE_WIDTH / view.camera.width, float(np.degrees(angle))


def moved_markdown(results: dict[str, list[MovedPicture]]) -> str:
    """A row for all pictures of each run, one for every fourth, one for the others, and one that says what choosing
    among the poses that the search ends with costs.

    ±: the standard error of a bootstrap over pictures.
    """
    lines = [
        "| run | pictures | ≤ 5 px | ≤ 10 px | median px | median ≤ 5 px in | rotation median / p90 "
        "| runs of the network | s a picture |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, pictures in results.items():
        parts = {
            "all": pictures,
            "every fourth": [p for p in pictures if p.every_fourth],
            "the others": [p for p in pictures if not p.every_fourth],
            "all, chosen by the truth": [replace(p, errors=p.nearest, angle=p.nearest_angle) for p in pictures],
        }
        lines += [_row(f"{name}, {part}", chosen) for part, chosen in parts.items() if chosen]
    return "\n".join(lines) + "\n"


def _row(name: str, pictures: list[MovedPicture]) -> str:
    errors = np.array([p.errors for p in pictures])
    angles = np.array([p.angle for p in pictures])
    draws = np.random.default_rng(0).integers(0, len(pictures), (_BOOTSTRAPS, len(pictures)))

    def share(limit: float) -> str:
        of_picture = (errors <= limit).mean(1)
        return f"{of_picture.mean():.1%} ± {of_picture[draws].mean(1).std():.1%}"

    good = np.median(errors, axis=1) <= MOST_MEDIAN_PX
    middle, tail = (np.percentile(angles, q) for q in (50, 90))
    middles, tails = (np.percentile(angles[draws], q, axis=1).std() for q in (50, 90))
    seconds, runs = np.median([p.seconds for p in pictures]), np.median([p.runs for p in pictures])
    return (
        f"| {name} | {len(pictures)} | {share(5)} | {share(10)} | {np.median(errors):.1f} | {good.sum()} ± "
        f"{good[draws].sum(1).std():.1f} | {middle:.1f}° ± {middles:.1f} / {tail:.1f}° ± {tails:.1f} | {runs:.0f} "
        f"| {seconds:.2f} |"
    )


def load_scan_pair(pair: tuple[Path, Path]) -> tuple[list[ScanView], list[ScanView]]:
    """The views of both scans, each checked against itself. Raises ScanError."""
    bank, moved = read_scan(pair[0]), read_scan(pair[1])
    require_consistent(bank)
    require_consistent(moved)
    return bank, moved
