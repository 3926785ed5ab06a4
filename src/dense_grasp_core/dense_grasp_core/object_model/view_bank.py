"""The bank of an object: descriptors of its cells in every view of a scan, with their points on the object.

A keypoint is then not one descriptor but a bank of them, one of each view that sees its point. Each view is looked at
by a virtual camera that has the whole object in its middle, at every roll, because features of photographs are
invariant neither to turns in the picture nor to size. In the gaps between the scan's pictures there are views rendered
from them (`rendered_views`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, roll, roll_between, turn_towards
from dense_grasp_core.object_model.rendered_views import (
    MOST_VIEWS,
    PicturedSurface,
    rendered_by_others,
    rendered_views,
)
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.surface import sampled_surface, sphere_around

Array = NDArray[np.float64]
Describe = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

STRIDE = 8
ROLLS = 12
"""Turns about the optical axis in which each view is described."""
_FEWEST_VIEWS = 2
_COMPARED = 12  # photographs, with what the others make of them
_FEWEST_CELLS = 20


@dataclass(frozen=True)
class Look:
    """How large the object is in a virtual picture: side of the picture and radius of the object's sphere, px."""

    size: int
    radius: int

    @property
    def side(self) -> int:
        """Cells along a side."""
        return self.size // STRIDE

    def cell_pixels(self) -> Array:
        """Middles (side * side, 2) of the cells, row by row, px."""
        middles = (np.arange(self.side) + 0.5) * STRIDE - 0.5
        u, v = np.meshgrid(middles, middles)
        return np.stack([u.ravel(), v.ravel()], 1)


FINE = Look(256, 110)
COARSE = Look(96, 40)
_LOOKS = (FINE, COARSE)


@dataclass(frozen=True)
class Cells:
    """The object's cells in one virtual picture.

    descriptors (n, D) float32 of length 1 less the bank's mean; points_object (n, 3), metres; index (n,) of the cells
    in the picture, row by row; colours (n, 3): mean RGB of each.
    """

    descriptors: NDArray[np.float32]
    points_object: Array
    index: NDArray[np.int64]
    colours: NDArray[np.uint8]


@dataclass(frozen=True)
class ViewBank:
    """All that finding the object needs.

    centre (3,) and radius, metres: the sphere around it, in the object's frame. surface (n, 3): points of it, normals
    (n, 3): their outward normals. virtual_from_object (V, 3, 3): the rotation of each view's virtual camera. fine,
    coarse: cells by view and roll. photographs: how many of the views, the first ones, are pictures of the scan; the
    others are rendered from them. mean (D,): what all descriptors of the photographs have in common. rendered_likeness
    (n, 2): the angle, radians, from a photograph to the nearest of those that it was rendered from, and how alike it
    and the rendered one are, -1..1.
    """

    centre: Array
    radius: float
    surface: Array
    normals: Array
    virtual_from_object: Array
    fine: list[list[Cells]]
    coarse: list[list[Cells]]
    photographs: int
    mean: NDArray[np.float32]
    rendered_likeness: Array

    @property
    def rolls(self) -> int:
        """Rolls of every view, evenly around the circle."""
        return len(self.fine[0])

    def centred(self, descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Descriptors (..., D) without what all have in common, of length 1."""
        return of_length_one(descriptors - self.mean)

    def view_angles(self, virtual_from_object: Array) -> Array:
        """Angles (V,), radians, between the direction of a look at the object and those of the views."""
        return np.arccos(np.clip(self.virtual_from_object[:, 2] @ virtual_from_object[2], -1.0, 1.0))

    def photograph_angles(self, virtual_from_object: Array) -> Array:
        """The same of the photographs alone."""
        return self.view_angles(virtual_from_object)[: self.photographs]

    def farthest_views(self, count: int) -> list[int]:
        """Views, at most ``count``, each the one that lies farthest from those before; the first is view 0."""
        directions = self.virtual_from_object[:, 2]
        chosen = [0]
        closest = directions @ directions[0]
        while len(chosen) < min(count, len(directions)):
            chosen.append(int(np.argmin(closest)))
            closest = np.maximum(closest, directions @ directions[chosen[-1]])
        return chosen

    def roll_index(self, view: int, virtual_from_object: Array) -> int:
        """The roll of a view that comes closest to that of a virtual camera."""
        angle = roll_between(self.virtual_from_object[view], virtual_from_object)
        return round(angle / (2.0 * np.pi / self.rolls)) % self.rolls

    def look_at(self, camera_from_object: Array) -> tuple[LookAt, int]:
        """The look at an object of the pose (4, 4), rolled and sized as the nearest view, and that view."""
        centre_camera = transform(camera_from_object, self.centre)
        camera_from_virtual = turn_towards(centre_camera)
        virtual_from_object = camera_from_virtual.T @ camera_from_object[:3, :3]
        nearest = int(np.argmin(self.view_angles(virtual_from_object)))
        angle = roll_between(virtual_from_object, self.virtual_from_object[nearest])
        focal = FINE.radius * float(np.linalg.norm(centre_camera)) / self.radius
        return LookAt(camera_from_virtual @ roll(angle), focal, FINE.size), nearest

    def keypoint(self, point_object: ArrayLike) -> NDArray[np.float32]:
        """Descriptors (K, D) of length 1 of a point (3,), one of each view that shows it.

        A view shows it where a cell's own point lies within a cell of it. Raises ScanError when none does.
        """
        point = np.asarray(point_object, float)
        reach = 1.2 * STRIDE * self.radius / FINE.radius
        found = []
        for view in self.fine:
            distance = np.linalg.norm(view[0].points_object - point, axis=1)
            near = np.nonzero(distance < reach)[0]
            if len(near):
                weight = 1.0 - distance[near] / reach
                found.append(weight @ (view[0].descriptors[near] + self.mean))
        if not found:
            raise ScanError(
                f"no view of the scan sees the point {np.round(point, 4).tolist()} m, expected one within "
                f"{1000 * reach:.0f} mm of the scanned surface"
            )
        return of_length_one(np.array(found, np.float32))


def descriptions(views: int, rolls: int = ROLLS) -> int:
    """How often `build` describes a picture, at most, of a scan with so many views."""
    return (views + MOST_VIEWS) * rolls * len(_LOOKS) + _COMPARED


def build(
    views: Sequence[ScanView], describe: Describe, rolls: int = ROLLS, most_rendered: int = MOST_VIEWS
) -> ViewBank:
    """The bank of a scan; ``describe`` gives descriptors of stride 8 (h, w, D) of a picture (H, W, 3).

    most_rendered: views that are rendered in the gaps between the scan's, at most. Raises ScanError for fewer than two
    views.
    """
    if len(views) < _FEWEST_VIEWS:
        raise ScanError(f"the scan has {len(views)} view, expected {_FEWEST_VIEWS} or more")
    surface, normals = sampled_surface(views)
    centre, radius = sphere_around(surface)
    raw: dict[Look, list[list[Cells]]] = {look: [] for look in _LOOKS}
    turns: list[Array] = []
    every: list[NDArray[np.float32]] = []
    pictured = PicturedSurface.of(views, centre, radius)
    for number, view in enumerate(chain(views, rendered_views(pictured, most_rendered))):
        picture = PicturePyramid(view.rgb, view.camera)
        centre_camera = transform(view.pose, centre)
        camera_from_virtual = turn_towards(centre_camera)
        turns.append(camera_from_virtual.T @ view.pose[:3, :3])
        for look, views_cells in raw.items():
            focal = look.radius * float(np.linalg.norm(centre_camera)) / radius
            of_view = []
            for index in range(rolls):
                virtual = LookAt(camera_from_virtual @ roll(2.0 * np.pi * index / rolls), focal, look.size)
                seen = picture.look(virtual)
                descriptors = describe(seen).reshape(look.side * look.side, -1)
                if look is FINE and index == 0 and number < len(views):
                    every.append(descriptors)
                of_view.append(_cells(view, virtual, look, descriptors, seen))
            views_cells.append(of_view)
    mean = np.concatenate(every).mean(0)
    alike = _rendered_likeness(pictured, every, mean, describe) if most_rendered else np.zeros((0, 2))
    fine, coarse = ([[_less(cells, mean) for cells in of_view] for of_view in raw[look]] for look in _LOOKS)
    return ViewBank(centre, radius, surface, normals, np.array(turns), fine, coarse, len(views), mean, alike)


def _rendered_likeness(
    pictured: PicturedSurface, described: Sequence[NDArray[np.float32]], mean: NDArray[np.float32], describe: Describe
) -> Array:
    """Angles and likeness (n, 2), as in ViewBank; described: of each view (side * side, D), in the first roll."""
    found = []
    views = pictured.views
    for index in np.unique(np.linspace(0, len(views) - 1, _COMPARED).round().astype(int)).tolist():
        pose = views[index].pose.copy()
        pose[:3] = turn_towards(transform(pose, pictured.centre)).T @ pose[:3]
        made = rendered_by_others(pictured, index, pose, FINE.radius, FINE.size)
        if made is None:
            continue
        view, angle = made
        own = of_length_one(described[index] - mean).reshape(FINE.side, FINE.side, -1)
        given = of_length_one(describe(view.rgb).reshape(FINE.side, FINE.side, -1) - mean)
        rendered = cv2.resize(view.mask.astype(np.float32), (FINE.side, FINE.side), interpolation=cv2.INTER_AREA) > 0.5
        if rendered.sum() < _FEWEST_CELLS:
            continue
        around = np.pad(own, ((1, 1), (1, 1), (0, 0)))
        shifts = [around[v : v + FINE.side, u : u + FINE.side] for v in range(3) for u in range(3)]
        alike = np.max([(given * shifted).sum(-1) for shifted in shifts], axis=0)
        found.append((angle, float(alike[rendered].mean())))
    return np.array(found, float).reshape(-1, 2)


def _cells(
    view: ScanView, virtual: LookAt, look: Look, descriptors: NDArray[np.float32], seen: NDArray[np.uint8]
) -> Cells:
    rays = virtual.rays_camera(look.cell_pixels())
    pixels = view.camera.project(rays)
    nearest, inside = view.camera.nearest_pixels(pixels)
    u, v = nearest.T
    known = inside & view.mask[v, u] & (view.depth[v, u] > 0)
    index = np.nonzero(known)[0]
    points_camera = view.camera.deproject(pixels[index], view.depth[v, u][index])
    points_object = (points_camera - view.pose[:3, 3]) @ view.pose[:3, :3]
    colours = cv2.resize(seen, (look.side, look.side), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    return Cells(np.ascontiguousarray(descriptors[index]), points_object, index, colours[index].astype(np.uint8))


def _less(cells: Cells, mean: NDArray[np.float32]) -> Cells:
    return replace(cells, descriptors=of_length_one(cells.descriptors - mean))


def of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (..., D), each divided by its length."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
