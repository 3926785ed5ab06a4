"""Each point of a scanned object by itself: its bank of descriptors looked for in the whole picture, without a pose.

What a pose adds is the difference to these rows. The picture is looked at as it is, and turned and sized as one of the
templates with which the pose search begins: the one whose view's cells have, each anywhere in the picture, most in
common with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.view_bank import STRIDE, Describe, ViewBank
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH
from dense_grasp_train.evaluation.moved_object import judged_pixels

Array = NDArray[np.float64]
WITHIN_PX = (5, 10, 20)
_TEMPLATES = 6  # whose turns and sizes are voted on
_LARGEST_SIDE = 1024  # px of the turned and sized picture; what lies farther from the object is not looked at


@dataclass(frozen=True)
class PointsAlone:
    """Errors (pictures, points), px at 640 px width: of the picture as it is, and of the one turned and sized."""

    as_it_is: Array
    turned_and_sized: Array


def measure_points_alone(
    bank: ViewBank, moved: Sequence[ScanView], describe: Describe, advance: Callable[[], None]
) -> PointsAlone:
    """The points that `measure_moved` judges in every picture; depth, mask and pose only say where they are."""
    finder = PoseFinder(bank, describe)
    as_it_is, turned = [], []
    for view in moved:
        pixels = judged_pixels(view)
        points = [_keypoint(bank, point) for point in view.points(pixels)]
        focal = view.camera.fx * REFERENCE_WIDTH / view.camera.width
        plain = LookAt(np.eye(3), focal, _side(view, np.eye(3), focal))
        as_it_is.append(_errors(view, pixels, points, plain, _cells(bank, view, plain, describe)))
        best, errors = -np.inf, np.full(len(pixels), np.inf)
        for first in finder.search_in(view.rgb, view.camera).scores.poses(_TEMPLATES):
            look, nearest = bank.look_at(first.camera_from_object)
            look = replace(look, size=_side(view, look.camera_from_virtual, look.focal))
            cells = _cells(bank, view, look, describe)
            votes = bank.fine[nearest][0].descriptors @ cells.reshape(-1, cells.shape[2]).T
            if votes.max(1).mean() > best:
                best, errors = votes.max(1).mean(), _errors(view, pixels, points, look, cells)
        turned.append(errors)
        advance()
    return PointsAlone(np.array(as_it_is), np.array(turned))


def _keypoint(bank: ViewBank, point: Array) -> NDArray[np.float32] | None:
    try:
        return bank.centred(bank.keypoint(point))
    except ScanError:  # no view of the bank sees it
        return None


def _side(view: ScanView, camera_from_virtual: Array, focal: float) -> int:
    """Side of a virtual picture that holds the whole real one, at most _LARGEST_SIDE; a multiple of the stride."""
    camera = view.camera
    corners = np.array([[u, v] for u in (0, camera.width - 1) for v in (0, camera.height - 1)], float)
    rays = camera.rays(corners) @ camera_from_virtual
    away = np.abs(rays[:, :2] / np.maximum(rays[:, 2:], 1e-3)).max() * focal
    return int(min(_LARGEST_SIDE, 2 * STRIDE * np.ceil(away / STRIDE)))


def _cells(bank: ViewBank, view: ScanView, look: LookAt, describe: Describe) -> NDArray[np.float32]:
    return bank.centred(describe(PicturePyramid(view.rgb, view.camera).look(look)))


def _errors(
    view: ScanView,
    pixels: NDArray[np.int64],
    points: Sequence[NDArray[np.float32] | None],
    look: LookAt,
    cells: NDArray[np.float32],
) -> Array:
    side = cells.shape[1]
    flat = cells.reshape(-1, cells.shape[2])
    errors = np.full(len(pixels), np.inf)
    for index, descriptors in enumerate(points):
        if descriptors is not None:
            best = int((descriptors @ flat.T).max(0).argmax())
            place = (np.array([[best % side, best // side]]) + 0.5) * STRIDE - 0.5
            found = view.camera.project(look.rays_camera(place))[0]
            errors[index] = np.linalg.norm(found - pixels[index])
    return np.nan_to_num(errors, nan=np.inf, posinf=np.inf) * REFERENCE_WIDTH / view.camera.width


def alone_markdown(found: dict[str, PointsAlone]) -> str:
    """Two rows of each run."""
    limits = " | ".join(f"≤ {limit} px" for limit in WITHIN_PX)
    lines = [f"| each point alone | n | {limits} | median px |", "|---|---|---|---|---|---|"]
    for run, both in found.items():
        for how, errors in (
            ("the picture as it is", both.as_it_is),
            ("turn and size voted for by all points", both.turned_and_sized),
        ):
            shares = " | ".join(f"{(errors <= limit).mean():.1%}" for limit in WITHIN_PX)
            lines.append(f"| {run}, {how} | {errors.size} | {shares} | {np.median(errors):.1f} |")
    return "\n".join(lines) + "\n"
