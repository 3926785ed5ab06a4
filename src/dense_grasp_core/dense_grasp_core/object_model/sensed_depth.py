"""What a depth camera says of an assumed pose: how far the object is, and whether it can be there at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.surface import covered, facing
from dense_grasp_core.object_model.view_bank import ViewBank

Array = NDArray[np.float64]
MOST_POINTS = 400
_FEWEST_POINTS = 12  # to settle a distance by
_FEWEST_KNOWN = 20
_BAND = 0.15  # of the object's radius: how far measured and expected surface may lie apart and still be one
_NOISE = 0.006  # of the distance, at least: a stereo camera's error at an edge


@dataclass(frozen=True)
class DepthVerdict:
    """Shares of the surface that a pose should show and whose depth is known: measured where expected, nearer
    (something stands in front), and farther (the object is not there). known: how many points that were.
    """

    agree: float
    nearer: float
    farther: float
    known: int

    @property
    def is_telling(self) -> bool:
        """Whether enough is known for the shares to mean something."""
        return self.known >= _FEWEST_KNOWN


@dataclass(frozen=True)
class SensedDepth:
    """A depth picture (H, W), metres along the optical axis, 0 or NaN where unknown, aligned to the camera's colour."""

    metres: NDArray[np.floating]
    camera: CameraModel

    def at(self, pixels: Array) -> Array:
        """Depth (n,) at the nearest of pixels (n, 2); NaN where unknown or outside."""
        nearest, inside = self.camera.nearest_pixels(pixels)
        u, v = nearest.T
        depth = np.asarray(self.metres[v, u], float)
        return np.where(inside & (depth > 0), depth, np.nan)

    def measured(self, camera_from_object: Array, points: Array) -> Array:
        """Depth (n,) measured where a pose puts points (n, 3), object's frame; NaN where unknown."""
        return self.at(self.camera.project(transform(camera_from_object, points)))

    def settled(self, bank: ViewBank, camera_from_object: Array) -> Array:
        """The pose moved along its ray until the surface lies where most of it is measured; unmoved without depth."""
        points, _ = shown(bank, camera_from_object, may_cover_itself=False)
        off = self.measured(camera_from_object, points) - transform(camera_from_object, points)[:, 2]
        off = off[np.abs(off) < 2.0 * bank.radius]  # NaN is not
        if len(off) < _FEWEST_POINTS:
            return camera_from_object
        step = _mode(off, _BAND * bank.radius)
        centre = transform(camera_from_object, bank.centre)
        moved = camera_from_object.copy()
        moved[:3, 3] += centre * (step / centre[2])
        return moved

    def verdict(self, bank: ViewBank, camera_from_object: Array) -> DepthVerdict:
        """How measured depth and the surface of a pose agree."""
        points, _ = shown(bank, camera_from_object)
        measured, expected = self.measured(camera_from_object, points), transform(camera_from_object, points)[:, 2]
        known = np.isfinite(measured)
        if not known.any():
            return DepthVerdict(0.0, 0.0, 0.0, 0)
        off = measured[known] - expected[known]
        band = np.maximum(_BAND * bank.radius, _NOISE * expected[known])
        nearer, farther = float((off < -band).mean()), float((off > band).mean())
        return DepthVerdict(1.0 - nearer - farther, nearer, farther, int(known.sum()))


def shown(bank: ViewBank, camera_from_object: Array, may_cover_itself: bool = True) -> tuple[Array, Array]:
    """Some points (m, 3) of the bank's surface that a pose shows, and their normals (m, 3), object's frame.

    may_cover_itself: leave out those that other parts of the surface hide, not only those that face away.
    """
    some = slice(None, None, max(1, len(bank.surface) // (4 * MOST_POINTS)))
    seen = facing(camera_from_object, bank.surface[some], bank.normals[some])
    points, normals = bank.surface[some][seen], bank.normals[some][seen]
    if len(points) > MOST_POINTS:
        kept = np.linspace(0, len(points) - 1, MOST_POINTS).astype(int)
        points, normals = points[kept], normals[kept]
    if may_cover_itself:
        free = ~covered(bank.surface, bank.centre, bank.radius, camera_from_object, points)
        points, normals = points[free], normals[free]
    return points, normals


def _mode(values: Array, band: float) -> float:
    """The middle of the band that holds most of the values (n,)."""
    ordered = np.sort(values)
    last = np.searchsorted(ordered, ordered + 2.0 * band, side="right")
    first = int(np.argmax(last - np.arange(len(ordered))))
    return float(np.median(ordered[first : last[first]]))
