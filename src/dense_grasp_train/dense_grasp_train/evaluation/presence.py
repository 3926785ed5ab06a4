"""Whether a scanned object is said to be there in pictures that do not show it, and in those that do.

What counts as found is what counts for the nodes: `dense_grasp_core.object_model.find.Acceptance`, as it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_core.object_model.find import Acceptance
from dense_grasp_core.object_model.pose import ObjectPose, PoseFinder
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray
from scipy.stats import beta

RIGHT = np.radians(25.0)
"""A pose is right when it is turned by less than this from the true one."""
_PAINTED_BEYOND_PX = 6  # masks end a little inside the object
_PAINTED_WIDTH = 320  # px at which what is painted over is filled in


@dataclass(frozen=True)
class SearchedPicture:
    """One picture, with the true pose where the object is there."""

    name: str
    rgb: NDArray[np.uint8]
    camera: CameraModel
    camera_from_object: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Presence:
    """What was said of one picture. found: the pose that counts as found, None for none; score: the best of the poses
    that the search ends with, 0 without any; right: whether that pose, or the found one, is the true one.
    """

    name: str
    found: bool
    score: float
    right: bool
    seconds: float


def look_for(
    finder: PoseFinder, pictures: Iterable[SearchedPicture], advance: Callable[[], None] = lambda: None
) -> list[Presence]:
    """Look for the finder's object in every picture, colour alone."""
    accepts = Acceptance()
    answers = []
    for picture in pictures:
        started = time.perf_counter()
        poses = finder(picture.rgb, picture.camera)
        seconds = time.perf_counter() - started
        # `find_objects` finds nothing exactly where none of these is accepted.
        accepted = [pose for pose in poses if accepts(pose)]
        said = max(accepted or poses, key=lambda pose: pose.evidence(), default=None)
        score = max((pose.score for pose in poses), default=0.0)
        answers.append(Presence(picture.name, bool(accepted), score, _is_right(picture, said), seconds))
        advance()
    return answers


def _is_right(picture: SearchedPicture, pose: ObjectPose | None) -> bool:
    if pose is None or picture.camera_from_object is None:
        return False
    return bool(rotation_angle(pose.camera_from_object @ inverse(picture.camera_from_object)) < RIGHT)


def as_it_is(views: Sequence[ScanView]) -> list[SearchedPicture]:
    """The pictures of a scan of the object itself."""
    return [SearchedPicture(view.name, view.rgb, view.camera, view.camera_from_object) for view in views]


def painted_over(views: Sequence[ScanView]) -> list[SearchedPicture]:
    """The pictures of a scan with its object filled in from around its mask."""
    return [SearchedPicture(view.name, filled_in(view.rgb, view.mask), view.camera) for view in views]


def filled_in(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with a mask (H, W), made a little larger, filled in from its border (Telea 2004)."""
    height, width = mask.shape
    around = 2 * _PAINTED_BEYOND_PX + 1
    hole = np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((around, around), np.uint8)))
    # In a small picture: the fill is smooth, and a large one takes seconds.
    size = (min(width, _PAINTED_WIDTH), max(1, round(height * min(width, _PAINTED_WIDTH) / width)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    partly = (np.asarray(cv2.resize(hole, size, interpolation=cv2.INTER_LINEAR_EXACT)) > 0).astype(np.uint8)
    fill = cv2.resize(
        cv2.inpaint(small, cv2.dilate(partly, np.ones((3, 3), np.uint8)), 3.0, cv2.INPAINT_TELEA), (width, height)
    )
    return np.where(hole[..., None] > 0, fill, rgb).astype(np.uint8)


def presence_markdown(title: str, rows: dict[tuple[str, str], list[Presence]]) -> str:
    """A table of rows (scan, pictures) without the object, and their sum with the upper end of the 95 % interval."""
    lines = [
        f"| scan | pictures {title} | n | found | best score: median / 90 % / largest |",
        "|---|---|---|---|---|",
    ]
    every = [answer for answers in rows.values() for answer in answers]
    for (bank, pictures), answers in [*rows.items(), (("all", ""), every)]:
        found = sum(answer.found for answer in answers)
        share = f" = {found / len(answers):.1%}, at most {_upper(found, len(answers)):.1%}" if bank == "all" else ""
        lines.append(f"| {bank} | {pictures} | {len(answers)} | {found}{share} | {_scores(answers)} |")
    return "\n".join(lines) + "\n"


def there_markdown(rows: dict[tuple[str, str], list[Presence]]) -> str:
    """A table of rows (scan, pictures) with the object: how many are found, of right poses and of wrong ones."""
    lines = [
        "| scan | pictures with the object | n | found | right poses found | wrong poses found "
        "| best score: 10 % / median |",
        "|---|---|---|---|---|---|---|",
    ]
    for (bank, pictures), answers in rows.items():
        right, wrong = ([a.found for a in answers if a.right is kind] for kind in (True, False))
        low, middle = np.percentile([answer.score for answer in answers], [10, 50])
        lines.append(
            f"| {bank} | {pictures} | {len(answers)} | {sum(right) + sum(wrong)} | {sum(right)} of {len(right)} | "
            f"{sum(wrong)} of {len(wrong)} | {low:.2f} / {middle:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _scores(answers: Sequence[Presence]) -> str:
    return " / ".join(f"{q:.2f}" for q in np.percentile([answer.score for answer in answers], [50, 90, 100]))


def _upper(found: int, of: int) -> float:
    """Upper end of the two-sided 95 % interval of a share (Clopper and Pearson 1934)."""
    return 1.0 if found == of else float(beta.ppf(0.975, found + 1, of - found))
