"""Points of a real cap that somebody marked by hand in a few pictures of its scan, and where they lie in all of them.

The true poses of the scan join the marks of a point to a point in space; its depth says which pictures see it. Neither
is an input of what is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import REFERENCE_WIDTH, EvaluationError

Array = NDArray[np.float64]
#: How far a mark may lie from where its point is seen, in pictures 640 px wide.
MARK_TOLERANCE_PX = 6.0
_DEPTH_TOLERANCE_M = 0.012
_AROUND = 3


@dataclass(frozen=True)
class MarkedPoint:
    """One point. part, u, v: its place on the parametric cap; marks: pixels (u, v) of pictures, by their names."""

    name: str
    part: str
    u: float
    v: float
    marks: dict[str, tuple[float, float]]


def read_marks(file: Path) -> tuple[str, list[MarkedPoint]]:
    """The scan's folder, relative to that of the pictures, and its points. Raises EvaluationError for another file."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        points = [_point(**values) for values in content["points"]]
        scan = content["scan"]
        if not isinstance(scan, str) or not points:
            raise ValueError(f"scan is {scan!r} with {len(points)} points")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise EvaluationError(
            f"{file} cannot be read: {error}, expected a scan and points "
            "{name, part, u, v, marks: {picture: [u, v]}}"
        ) from error
    return scan, points


def _point(name: str, part: str, u: float, v: float, marks: dict[str, Any]) -> MarkedPoint:
    found = {str(picture): (float(mark[0]), float(mark[1])) for picture, mark in marks.items()}
    if len(found) < 2:
        raise ValueError(f"point {name!r} has marks in {len(found)} pictures, expected two or more")
    return MarkedPoint(name, part, float(u), float(v), found)


def placed(points: list[MarkedPoint], views: list[ScanView]) -> Array:
    """The points (n, 3) in the scan's frame, metres. Raises EvaluationError for marks that do not meet."""
    by_name = {view.name: view for view in views}
    found = []
    for point in points:
        missing = sorted(set(point.marks) - set(by_name))
        if missing:
            raise EvaluationError(f"point {point.name!r} is marked in picture {missing[0]}, which the scan has not")
        chosen = [by_name[name] for name in point.marks]
        marks = np.array(list(point.marks.values()))
        place = _triangulated(chosen, marks)
        for view, mark in zip(chosen, marks, strict=True):
            off = np.linalg.norm(view.camera.project(transform(view.pose, place[None]))[0] - mark)
            off *= REFERENCE_WIDTH / view.camera.width
            if not off <= MARK_TOLERANCE_PX:
                raise EvaluationError(
                    f"mark of {point.name!r} in picture {view.name} lies {off:.1f} px (640 px wide) from where its "
                    f"other marks put it, expected at most {MARK_TOLERANCE_PX:g}: it is another point, or a pose is "
                    "wrong"
                )
        found.append(place)
    return np.array(found)


def _triangulated(views: list[ScanView], marks: Array) -> Array:
    """The point (3,) that is nearest to the rays through the marks (n, 2)."""
    normals, right = np.zeros((3, 3)), np.zeros(3)
    for view, mark in zip(views, marks, strict=True):
        rotation, translation = view.pose[:3, :3], view.pose[:3, 3]
        ray = rotation.T @ view.camera.rays(mark[None])[0]
        ray /= np.linalg.norm(ray)
        across = np.eye(3) - np.outer(ray, ray)
        normals += across
        right += across @ (-rotation.T @ translation)
    return np.asarray(np.linalg.solve(normals, right))


def seen_pixels(camera_points: Array, pixels: Array, depth: Array, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which points (n, 3) of the camera's frame a picture shows at pixels (n, 2): its depth (H, W) agrees within 12 mm
    in some pixel of the object, mask (H, W), at most 3 px away.
    """
    height, width = depth.shape
    seen = np.zeros(len(pixels), bool)
    for index, ((u, v), (_, _, z)) in enumerate(zip(pixels, camera_points, strict=True)):
        if not (z > 0 and 0 <= u <= width - 1 and 0 <= v <= height - 1):
            continue
        column, row = round(u), round(v)
        around = np.s_[max(row - _AROUND, 0) : row + _AROUND + 1, max(column - _AROUND, 0) : column + _AROUND + 1]
        there = depth[around][mask[around] & (depth[around] > 0)]
        seen[index] = len(there) > 0 and np.abs(there - z).min() < _DEPTH_TOLERANCE_M
    return seen


def in_view(view: ScanView, places: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Pixels (n, 2) of the places (n, 3) in a picture of the scan, and which of them it shows (n,)."""
    points = transform(view.pose, places)
    pixels = view.camera.project(points)
    return pixels, seen_pixels(points, pixels, view.depth, view.mask)
