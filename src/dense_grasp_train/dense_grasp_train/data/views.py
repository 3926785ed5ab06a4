"""Views of an object in memory: image, and of the object's pixels depth, pose and place on the surface.

Pixels are (u, v) in the full camera image. A place is (n, 4): where the surface point lies on the average cap (metres,
object frame) and, as a fourth coordinate, whether it is outside or inside of the shell. Equal places are the same
point on every cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

DEPTH_TOLERANCE_M = 0.006
PLACE_TOLERANCE_M = 0.006
_TREE_STEP = 1


@dataclass(frozen=True)
class View:
    """One object in one image; everything but the image is cropped to the object.

    rgb: (H, W, 3) uint8. mask: (h, w) bool. depth: (h, w) float32 metres along the optical axis.
    place: (h, w, 4) float16. part: (h, w) int8, -1 off the object. origin: (u, v) of the crop's first pixel.
    camera_matrix: (3, 3) of the full image. camera_from_object: (4, 4). instance: which object it is. rendered: it was
    made from the other pictures of a real scan, so that nothing is measured on it.
    """

    rgb: NDArray
    mask: NDArray
    depth: NDArray
    place: NDArray
    part: NDArray
    origin: NDArray
    camera_matrix: NDArray
    camera_from_object: NDArray
    instance: int
    rendered: bool = False

    @property
    def crop(self) -> NDArray:
        """(h, w, 3) the part of the image that belongs to mask, depth and place."""
        (u, v), (height, width) = self.origin, self.mask.shape
        return self.rgb[v : v + height, u : u + width]

    def with_crop(self, crop: NDArray) -> NDArray:
        """The whole image with another ``crop`` (h, w, 3) in the object's place."""
        image = self.rgb.copy()
        (u, v), (height, width) = self.origin, self.mask.shape
        image[v : v + height, u : u + width] = crop
        return image

    @cached_property
    def pixels(self) -> NDArray:
        """(n, 2) integer crop pixels (u, v) on the object."""
        v, u = np.nonzero(self.mask)
        return np.stack([u, v], 1)

    @cached_property
    def centre(self) -> NDArray:
        """Middle of the object's box, full image pixels."""
        return self.origin + 0.5 * (self.pixels.min(0) + self.pixels.max(0))

    @cached_property
    def extent(self) -> float:
        """Longer side of the object's box in pixels."""
        return float((np.ptp(self.pixels, axis=0) + 1).max())

    @cached_property
    def _tree(self) -> tuple[cKDTree, NDArray]:
        chosen = self.pixels[(self.pixels % _TREE_STEP == 0).all(1)]
        return cKDTree(self.place[chosen[:, 1], chosen[:, 0]].astype(np.float32)), chosen

    @cached_property
    def viewing_direction(self) -> NDArray:
        """Unit vector from the object's origin to the camera, object frame."""
        rotation, translation = self.camera_from_object[:3, :3], self.camera_from_object[:3, 3]
        position = -rotation.T @ translation
        return position / np.linalg.norm(position)

    def draw(self, count: int, rng: np.random.Generator) -> NDArray:
        """(count, 2) random crop pixels on the object, with replacement."""
        return self.pixels[rng.integers(0, len(self.pixels), count)]

    def points(self, crop_pixels: NDArray) -> NDArray:
        """(n, 3) object-frame points behind integer crop pixels."""
        depth = self.depth[crop_pixels[:, 1], crop_pixels[:, 0]].astype(np.float64)
        pixels = crop_pixels + self.origin
        matrix = self.camera_matrix
        rays = (pixels - matrix[:2, 2]) / [matrix[0, 0], matrix[1, 1]]
        points = np.concatenate([rays, np.ones((len(rays), 1))], 1) * depth[:, None]
        rotation, translation = self.camera_from_object[:3, :3], self.camera_from_object[:3, 3]
        return (points - translation) @ rotation

    def nearest_place(self, places: NDArray) -> tuple[NDArray, NDArray]:
        """Crop pixels (n, 2) that show the places (n, 4), and how far off each is (n,)."""
        tree, pixels = self._tree
        distance, index = tree.query(places.astype(np.float32))
        return pixels[index], distance


def taken(views: list[View]) -> list[View]:
    """The views that were taken, or generated with exact ground truth: without those rendered from a real scan."""
    return [view for view in views if not view.rendered]


def matches_within(view: View, count: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """(count, 2) sub-pixel points of the object, twice: matches of a view with its own warped copy."""
    pixels = view.draw(count, rng) + rng.uniform(-0.5, 0.5, (count, 2)) + view.origin
    return pixels, pixels


def matches_between(a: View, b: View, count: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Up to ``count`` matches (n, 2), (n, 2) of one object in two views, by pose and depth, without hidden points."""
    drawn = a.draw(count, rng)
    points = a.points(drawn) @ b.camera_from_object[:3, :3].T + b.camera_from_object[:3, 3]
    matrix = b.camera_matrix
    projected = points[:, :2] / points[:, 2:] * [matrix[0, 0], matrix[1, 1]] + matrix[:2, 2]
    crop = np.rint(projected - b.origin).astype(int)
    height, width = b.mask.shape
    seen = (points[:, 2] > 0) & (crop >= 0).all(1) & (crop < [width, height]).all(1)
    crop = np.where(seen[:, None], crop, 0)
    seen &= b.mask[crop[:, 1], crop[:, 0]]
    seen &= np.abs(b.depth[crop[:, 1], crop[:, 0]] - points[:, 2]) < DEPTH_TOLERANCE_M
    return (drawn + a.origin)[seen].astype(np.float64), projected[seen]


def matches_across(a: View, b: View, count: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Up to ``count`` matches (n, 2), (n, 2) of two objects by equal surface places, to one pixel."""
    drawn = a.draw(count, rng)
    crop, distance = b.nearest_place(a.place[drawn[:, 1], drawn[:, 0]])
    same = distance < PLACE_TOLERANCE_M
    return (drawn + a.origin)[same].astype(np.float64), (crop + b.origin)[same].astype(np.float64)


def cropped(
    rgb: NDArray,
    mask: NDArray,
    depth: NDArray,
    place: NDArray,
    part: NDArray,
    camera_matrix: NDArray,
    camera_from_object: NDArray,
    instance: int,
    rendered: bool = False,
) -> View:
    """The view of full-size arrays (H, W, ...). Raises ValueError for an empty mask or missing depth under it."""
    v, u = np.nonzero(mask)
    if not len(u):
        raise ValueError("mask is empty, expected pixels of the object")
    if not (np.isfinite(depth[mask]).all() and (depth[mask] > 0).all()):
        raise ValueError("depth under the mask is missing or not positive, expected metres")
    rows, columns = slice(v.min(), v.max() + 1), slice(u.min(), u.max() + 1)
    return View(
        np.ascontiguousarray(rgb),
        np.ascontiguousarray(mask[rows, columns]),
        np.ascontiguousarray(depth[rows, columns], np.float32),
        np.ascontiguousarray(place[rows, columns], np.float16),
        np.ascontiguousarray(part[rows, columns], np.int8),
        np.array([columns.start, rows.start]),
        np.asarray(camera_matrix, np.float64),
        np.asarray(camera_from_object, np.float64),
        int(instance),
        rendered,
    )
