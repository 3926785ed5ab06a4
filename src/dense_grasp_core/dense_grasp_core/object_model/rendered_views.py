"""Views of a scanned object that nobody took: rendered from the scan's pictures and depth, for the gaps between them.

A picture of the object from 40 degrees beside the nearest one of the scan has little in common with it. What the scan
knows of the surface can be looked at from there: depth of all pictures says where it is, and each of its points gets
the colours of the pictures that see it, those from the nearest directions first (view-dependent texture mapping,
Debevec, Taylor and Malik 1996). Nothing is invented: what no picture saw stays outside the mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.coverage import all_directions
from dense_grasp_core.object_model.scan import ScanView

Array = NDArray[np.float64]

MOST_VIEWS = 40
_SIZE = 384  # px, side of a rendered picture, in which the object's sphere has a radius of
_RADIUS = 165
_GREY = 127  # around the object
_SPACING = np.radians(18.0)  # to the nearest photograph or rendered view
_FARTHEST = np.radians(52.0)  # from the nearest photograph
_DIRECTIONS = 200  # on each half of the sphere, that are thought of
_LEFT_OUT = np.radians(20.0)  # around a view that is rendered from the others, to compare both
_LEAST_SHARE = 0.7  # of the outline that pictures must have seen
_FEWEST_PIXELS = 2000
_POINTS = 250_000  # of the surface, from all pictures
_NEAREST_DISTANCE = 3.0  # radii, from the camera to the object's middle
_IN_FRONT = 0.25  # of the radius, by which other surface hides a point
_GAPS = (3, 5, 9)  # px, between points of the surface that are closed, smallest first
_SOURCES = 8  # pictures that give colours, the nearest ones
_WIDEST = np.radians(75.0)  # from a rendered view to a picture that gives it colours
_SOFTNESS = np.radians(6.0)  # more than the nearest one, at which a picture counts 1 / e
_AGREES = 0.055  # of the radius, but 3 mm at least: between a point and what a picture measured there


@dataclass(frozen=True)
class PicturedSurface:
    """What views are rendered from: pictures, the directions (V, 3) to their cameras from the object's middle and how
    far they are from it (V,), metres; centre (3,) and radius, metres, of the sphere around the object; and points of
    the surface (n, 3) that each picture saw. Directions, centre and points in the object's frame.
    """

    views: tuple[ScanView, ...]
    directions: Array
    distances: Array
    centre: Array
    radius: float
    points: tuple[Array, ...]

    @cached_property
    def all_points(self) -> Array:
        """Points (N, 3) that any of the pictures saw."""
        return np.concatenate(self.points)

    @classmethod
    def of(cls, views: Sequence[ScanView], centre: Array, radius: float) -> PicturedSurface:
        """The surface that a scan saw. Raises ScanError for a view without a pose."""
        eyes = np.array([-view.pose[:3, :3].T @ view.pose[:3, 3] for view in views]) - centre
        distances = np.linalg.norm(eyes, axis=1)
        rng, most = np.random.default_rng(0), _POINTS // len(views)
        points = tuple(view.points(rng.permutation(view.surface_pixels())[:most]) for view in views)
        return cls(tuple(views), eyes / distances[:, None], distances, centre, radius, points)

    def seen_by(self, kept: NDArray[np.int64]) -> PicturedSurface:
        """What some of the pictures alone saw."""
        views, points = (tuple(part[i] for i in kept) for part in (self.views, self.points))
        return PicturedSurface(views, self.directions[kept], self.distances[kept], self.centre, self.radius, points)


def rendered_views(
    surface: PicturedSurface, most: int = MOST_VIEWS, camera: CameraModel | None = None
) -> Iterator[ScanView]:
    """Views from directions where the scan has no picture within 18 degrees, but saw most of what is to be seen.

    At most `most` of them, those nearest to the pictures first: up to 52 degrees away, 18 from each other. Their depth
    and mask are those of the surface that the scan saw; around it is grey. camera: that takes them; without one each
    is a square with the object in its middle, as the bank describes it.
    """
    distance = max(float(np.median(surface.distances)), _NEAREST_DISTANCE * surface.radius)
    candidates = all_directions(_DIRECTIONS)
    found = 0
    nearest = _angles(candidates, surface.directions)
    left = nearest < _FARTHEST
    while found < most and (left & (nearest > _SPACING)).any():
        chosen = int(np.where(left & (nearest > _SPACING), nearest, np.inf).argmin())
        left[chosen] = False
        pose = _towards(surface.centre, candidates[chosen], distance)
        view = rendered_view(surface, camera or _square(surface, pose, _RADIUS, _SIZE), pose)
        if view is not None:
            found += 1
            nearest = np.minimum(nearest, _angles(candidates, candidates[chosen][None]))
            yield view


def rendered_by_others(
    surface: PicturedSurface, index: int, pose: Array, radius: int, side: int
) -> tuple[ScanView, float] | None:
    """What the others of a scan's pictures make of one of them, and how far the nearest of those is away, radians.

    pose (4, 4): camera_from_object of the picture to render, which looks at the object's middle; radius of the object's
    sphere and side, px. Pictures within 20 degrees of the one take no part. None where too little is seen then.
    """
    apart = np.arccos(np.clip(surface.directions @ surface.directions[index], -1.0, 1.0))
    kept = np.nonzero(apart > _LEFT_OUT)[0]
    view = rendered_view(surface.seen_by(kept), _square(surface, pose, radius, side), pose) if len(kept) else None
    return None if view is None else (view, float(apart[kept].min()))


def rendered_view(surface: PicturedSurface, camera: CameraModel, pose: Array) -> ScanView | None:
    """What a camera sees of the object from the pose (4, 4), camera_from_object; None where too little of it was seen.

    Depth and mask are those of the surface that the scan saw; around it is grey.
    """
    eye = -pose[:3, :3].T @ pose[:3, 3] - surface.centre
    distance = float(np.linalg.norm(eye))
    depth = _depth(surface, camera, pose)
    v, u = np.nonzero(depth > 0)
    points = (camera.deproject(np.stack([u, v], 1), depth[v, u]) - pose[:3, 3]) @ pose[:3, :3]
    colours, seen = _colours(surface, points, eye / distance)
    radius = camera.fx * surface.radius / distance
    if seen.sum() < max(_FEWEST_PIXELS * (radius / _RADIUS) ** 2, _LEAST_SHARE * len(points)):
        return None
    rgb = np.full((*depth.shape, 3), _GREY, np.uint8)
    mask = np.zeros(depth.shape, bool)
    rgb[v[seen], u[seen]], mask[v[seen], u[seen]] = colours[seen], True
    return ScanView("rendered", rgb, np.where(mask, depth, 0.0), mask, camera, pose)


def _square(surface: PicturedSurface, pose: Array, radius: int, side: int) -> CameraModel:
    """A camera whose picture is a square, side px, and shows the object's sphere of the pose (4, 4) so large, px; the
    pose looks at its middle.
    """
    distance = float(np.linalg.norm(-pose[:3, :3].T @ pose[:3, 3] - surface.centre))
    focal, middle = radius * distance / surface.radius, (side - 1) / 2.0
    return CameraModel(side, side, focal, focal, middle, middle)


def _depth(surface: PicturedSurface, camera: CameraModel, pose: Array) -> Array:
    """Depth (H, W) of the surface that faces the camera, metres, 0 where there is none."""
    points = transform(pose, surface.all_points)
    pixels = camera.project(points)
    inside = camera.nearest_pixels(pixels)[1]
    points, pixels = points[inside], pixels[inside]
    columns, rows = max(1, camera.width // 4), max(1, camera.height // 4)
    cells = np.minimum(pixels / 4.0, [columns - 1.0, rows - 1.0]).astype(int).clip(0)
    cell, z = cells[:, 1] * columns + cells[:, 0], points[:, 2]
    nearest = np.full(rows * columns, 1e3, np.float32)
    np.minimum.at(nearest, cell, z.astype(np.float32))
    nearest = cv2.erode(nearest.reshape(rows, columns), np.ones((3, 3), np.uint8)).ravel()  # type: ignore[assignment]
    front = z < nearest[cell] + _IN_FRONT * surface.radius
    u, v = np.rint(pixels[front]).astype(int).clip(0, [camera.width - 1, camera.height - 1]).T
    size, pixel = camera.height * camera.width, v * camera.width + u
    total = np.bincount(pixel, z[front], size).reshape(camera.height, camera.width)
    count = np.bincount(pixel, minlength=size).astype(float).reshape(camera.height, camera.width)
    depth = np.zeros((camera.height, camera.width))
    for gap in _GAPS:
        around, known = cv2.blur(total, (gap, gap)), cv2.blur(count, (gap, gap))
        depth = np.where((depth == 0) & (known > 1e-9), around / np.maximum(known, 1e-9), depth)
    # the means reached beyond the outline by half of the largest gap
    outline = cv2.erode((depth > 0).astype(np.uint8), np.ones((_GAPS[-1],) * 2, np.uint8))
    return np.where(outline > 0, depth, 0.0)


def _colours(surface: PicturedSurface, points: Array, direction: Array) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Colours (n, 3) of points (n, 3) from the pictures that see them, and whether one does (n,)."""
    angles = np.arccos(np.clip(surface.directions @ direction, -1.0, 1.0))
    agrees = max(0.003, _AGREES * surface.radius)
    total, weight = np.zeros((len(points), 3)), np.zeros(len(points))
    for index in np.argsort(angles)[:_SOURCES]:
        if angles[index] > _WIDEST:
            break
        view = surface.views[index]
        points_camera = transform(view.pose, points)
        pixels = view.camera.project(points_camera)
        nearest, inside = view.camera.nearest_pixels(pixels)
        u, v = nearest.T
        sees = inside & view.mask[v, u] & (np.abs(view.depth[v, u] - points_camera[:, 2]) < agrees)
        share = np.exp((angles.min() - angles[index]) / _SOFTNESS) * sees
        total += share[:, None] * _sampled(view.rgb, pixels)
        weight += share
    seen = weight > 0
    return (total / np.where(seen, weight, 1.0)[:, None]).round().astype(np.uint8), seen


def _sampled(rgb: NDArray[np.uint8], pixels: Array) -> NDArray[np.uint8]:
    """Colours (n, 3) of a picture at pixels (n, 2), between its own."""
    width = 256  # OpenCV takes no row of more than 32767
    places = np.zeros((-(-len(pixels) // width) * width, 2), np.float32)
    places[: len(pixels)] = np.nan_to_num(pixels, nan=-1.0, posinf=-1.0, neginf=-1.0)
    taken = cv2.remap(rgb, places.reshape(-1, width, 2), None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
    return np.asarray(taken.reshape(-1, 3)[: len(pixels)])


def _towards(centre: Array, direction: Array, distance: float) -> Array:
    """camera_from_object (4, 4) of a camera that looks at a point (3,) from a direction (3,) and a distance."""
    right = np.cross(direction, [1.0, 0.0, 0.0] if abs(direction[2]) > 0.9 else [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(-direction, right), -direction])
    pose[:3, 3] = -pose[:3, :3] @ (centre + distance * direction)
    return pose


def _angles(directions: Array, others: Array) -> Array:
    """Radians (n,) from each of directions (n, 3) to the nearest of others (m, 3)."""
    return np.asarray(np.arccos(np.clip(directions @ others.T, -1.0, 1.0)).min(1))
