"""The board of printed tags that a scanned object stands on, found in the pictures, and the pictures without it.

A bank could have learnt the board instead of the object. The tags' corners, triangulated by the true poses, span its
plane; only the pictures that are searched are painted, so nothing of it goes into finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.scanning.tags import family_of, grey, tags_in

Array = NDArray[np.float64]
BLANK = 127
"""Grey of pixels that are painted over."""
_FEWEST_SIGHTS = 3
_FEWEST_TAGS = 4
_ON_THE_PLANE_M = 0.01
_DRAWS = 200


@dataclass(frozen=True)
class Board:
    """centre (3,) and axes (3, 3) of its plane in the object's frame, the last axis its normal; outline (n, 2): the
    corners of a convex polygon in the first two axes, metres; tags: how many lie on it.
    """

    centre: Array
    axes: Array
    outline: Array
    tags: int

    def covers(self, view: ScanView) -> NDArray[np.bool_]:
        """Pixels (H, W) of a view that look at the board, whatever stands on it."""
        camera, pose = view.camera, view.pose
        u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
        rays = camera.rays(np.stack([u.ravel(), v.ravel()], 1)) @ pose[:3, :3] @ self.axes.T
        eye = self.axes @ (-pose[:3, :3].T @ pose[:3, 3] - self.centre)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = -eye[2] / rays[:, 2]
            place = eye[:2] + away[:, None] * rays[:, :2]
        inside = away > 0
        for a, b in zip(self.outline, np.roll(self.outline, -1, axis=0), strict=True):
            x, y = b - a
            inside &= x * (place[:, 1] - a[1]) - y * (place[:, 0] - a[0]) >= 0
        return inside.reshape(camera.height, camera.width)


def board_of(views: Sequence[ScanView]) -> Board:
    """The board around the tags that three views or more see, a tag's edge wider than they are.

    Raises EvaluationError where fewer than four tags lie in one plane.
    """
    greys = [grey(view.rgb) for view in views]
    family = family_of(greys)
    sights: dict[tuple[int, int], list[tuple[ScanView, Array]]] = {}
    for view, each in zip(views, greys, strict=True):
        for number, corners in tags_in(each, family).items():
            for corner, pixel in enumerate(corners):
                sights.setdefault((number, corner), []).append((view, pixel))
    seen = {key: _triangulated(found) for key, found in sights.items() if len(found) >= _FEWEST_SIGHTS}
    points = np.array(list(seen.values())).reshape(-1, 3)
    on_it = _largest_plane(points)
    numbers = [number for (number, _), lies in zip(seen, on_it, strict=True) if lies]
    tags = sum(numbers.count(number) == 4 for number in set(numbers))
    if tags < _FEWEST_TAGS:
        raise EvaluationError(
            f"{tags} tags of the family {family[5:]} lie in one plane in three of the {len(views)} pictures or more, "
            f"expected {_FEWEST_TAGS} or more to blank their board"
        )
    points = points[on_it]
    centre = points.mean(0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2]
    axes[2] = np.cross(axes[0], axes[1])
    hull = cv2.convexHull(((points - centre) @ axes[:2].T).astype(np.float32))[:, 0].astype(float)
    edges = [seen[number, 0] - seen[number, 1] for number in set(numbers) if numbers.count(number) == 4]
    edge = float(np.median(np.linalg.norm(edges, axis=1)))
    return Board(centre, axes, _grown(_anticlockwise(hull), edge), tags)


def without_board(views: Sequence[ScanView]) -> list[ScanView]:
    """The views with every pixel grey that looks at the board of tags and is not the object's."""
    board = board_of(views)
    return [
        replace(view, rgb=np.where((board.covers(view) & ~view.mask)[..., None], np.uint8(BLANK), view.rgb))
        for view in views
    ]


def _triangulated(sights: Sequence[tuple[ScanView, Array]]) -> Array:
    """The point (3,) of the object's frame that is nearest to the rays of pixels (2,) of views."""
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for view, pixel in sights:
        ray = view.pose[:3, :3].T @ view.camera.rays(pixel[None])[0]
        across = np.eye(3) - np.outer(ray, ray) / (ray @ ray)
        normal += across
        right += across @ (-view.pose[:3, :3].T @ view.pose[:3, 3])
    return np.asarray(np.linalg.solve(normal, right))


def _largest_plane(points: Array) -> NDArray[np.bool_]:
    """Which of the points (n, 3) lie on the plane through three of them that holds most."""
    rng = np.random.default_rng(0)
    best = np.zeros(len(points), bool)
    for _ in range(_DRAWS if len(points) >= 3 else 0):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal)
        if length > 1e-6:
            near = np.abs((points - a) @ normal) < _ON_THE_PLANE_M * length
            best = near if near.sum() > best.sum() else best
    return best


def _anticlockwise(polygon: Array) -> Array:
    x, y = polygon.T
    area = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return polygon if area > 0 else polygon[::-1]


def _grown(polygon: Array, by: float) -> Array:
    """A convex polygon (n, 2), anticlockwise, and all that is nearer to it than ``by``, with square corners cut."""
    angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    around = by * np.stack([np.cos(angles), np.sin(angles)], 1)
    grown = (polygon[:, None] + around).reshape(-1, 2).astype(np.float32)
    return _anticlockwise(cv2.convexHull(grown)[:, 0].astype(float))
