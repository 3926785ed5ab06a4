"""From which sides a scan saw its object: the share of the directions of the dome above it that a picture covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.object_model.scan import ScanError, ScanView

Array = NDArray[np.float64]

COVERED_WITHIN = np.radians(20.0)
"""A direction counts as covered when a picture looks from within this angle, radians. On real photographs of a bottle
every picture within 17° of one of the scan's was located, and those that were missed were 18° to 56° away."""

_DIRECTIONS = 400
_SECTORS = ("x", "x y", "y", "-x y", "-x", "-x -y", "-y", "x -y")
_BANDS = ((0.0, 30.0), (30.0, 60.0), (60.0, 90.1))


@dataclass(frozen=True)
class Coverage:
    """directions (n, 3): evenly over the dome, object to camera, z up; covered (n,); views (V, 3): of the pictures.

    up_object (3,): the z axis of these directions in the object's frame.
    """

    directions: Array
    covered: NDArray[np.bool_]
    views: Array
    up_object: Array

    @property
    def share(self) -> float:
        """Share of the upper dome that is covered."""
        return float(self.covered.mean())

    def cells(self) -> NDArray[np.float64]:
        """Share covered (3, 8) by band of elevation, lowest first, and by sector of azimuth, the first around x."""
        return np.array([[self.covered[self._cell(band, i)].mean() for i in range(8)] for band in _BANDS])

    def counts(self) -> NDArray[np.int64]:
        """Pictures (3, 8) in each of `cells`."""
        elevation, sector = _angles(self.views)
        return np.array(
            [
                [((elevation >= low) & (elevation < high) & (sector == i)).sum() for i in range(8)]
                for low, high in _BANDS
            ]
        )

    def table(self) -> str:
        """Rows of elevation, columns of azimuth: share covered and, in brackets, pictures from there."""
        cells, counts = self.cells(), self.counts()
        head = "elevation  from " + "".join(f"{name:>11}" for name in _SECTORS)
        rows = [
            f"{low:3.0f} to {high:2.0f}°       " + "".join(f"{cells[i, j]:>6.0%} ({counts[i, j]:2d})" for j in range(8))
            for i, (low, high) in reversed(list(enumerate(_BANDS)))
        ]
        below = int((self.views[:, 2] < 0).sum())
        under = f"; {below} pictures look from below" if below else ""
        total = (
            f"{self.share:.0%} of the directions of the upper dome have a picture within "
            f"{np.degrees(COVERED_WITHIN):.0f}°{under}; up is {np.round(self.up_object, 2).tolist()} in the "
            "object's frame"
        )
        return "\n".join([head, *rows, total])

    def picture(self, size: int = 480) -> NDArray[np.uint8]:
        """The dome seen from above (size, size, 3) RGB: green is covered, red is not; black dots are the pictures.

        x points to the right, y up; the horizon is the rim.
        """
        v, u = np.mgrid[:size, :size]
        radius = 0.45 * size
        middle = (size - 1) / 2.0
        x, y = (u - middle) / radius, (middle - v) / radius
        distance = np.hypot(x, y)
        elevation = np.pi / 2 * (1.0 - np.minimum(distance, 1.0))
        azimuth = np.arctan2(y, x)
        rays = np.stack(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], -1
        )
        near = (rays.reshape(-1, 3) @ self.views.T).max(1).reshape(size, size) >= np.cos(COVERED_WITHIN)
        rgb = np.full((size, size, 3), 255, np.uint8)
        dome = distance <= 1.0
        rgb[dome & near] = (120, 200, 120)
        rgb[dome & ~near] = (225, 130, 120)
        for degrees in (0, 30, 60):
            cv2.circle(
                rgb, (round(middle), round(middle)), round(radius * (90 - degrees) / 90), (90, 90, 90), 1, cv2.LINE_AA
            )
        for x_out, y_out in radius * on_disc(self.views[self.views[:, 2] >= 0]):
            place = (round(middle + x_out), round(middle - y_out))
            cv2.circle(rgb, place, max(3, size // 120), (0, 0, 0), -1, cv2.LINE_AA)
        label = f"{self.share:.0%} of the dome, {len(self.views)} pictures"
        cv2.putText(rgb, label, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        return rgb

    def _cell(self, band: tuple[float, float], sector: int) -> NDArray[np.bool_]:
        elevation, sectors = _angles(self.directions)
        return (elevation >= band[0]) & (elevation < band[1]) & (sectors == sector)


def share_covered(views: Array) -> float:
    """Share of the directions of the upper dome that pictures from the directions (V, 3), unit, z up, cover."""
    return float(_covered(_dome(_DIRECTIONS), views).mean()) if len(views) else 0.0


def share_of_all_directions(views: Sequence[ScanView]) -> float:
    """Share of the directions from the object, also those below it, that have a picture near them."""
    return float(_covered(all_directions(_DIRECTIONS), directions_of(views)).mean())


def all_directions(count: int) -> Array:
    """Directions (2 * count, 3) evenly over the whole sphere, the upper half first."""
    upper = _dome(count)
    return np.concatenate([upper, -upper])


def on_disc(directions: Array) -> Array:
    """Places (n, 2) of directions (n, 3), unit, z up, on the dome seen from above: x to the right, y up, the zenith in
    the middle, the horizon at distance 1, below it beyond. Distances from the middle are angles.
    """
    out = np.arccos(np.clip(directions[:, 2], -1.0, 1.0)) / (np.pi / 2.0)
    flat = np.linalg.norm(directions[:, :2], axis=1)
    return directions[:, :2] * (out / np.maximum(flat, 1e-12))[:, None]


def outline(direction: Array, corners: int = 36) -> Array:
    """Directions (corners, 3) around what a picture from a direction (3,), unit, covers."""
    turned = _upright(direction).T
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    flat = np.sin(COVERED_WITHIN) * np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.column_stack([flat, np.full(corners, np.cos(COVERED_WITHIN))]) @ turned.T


def coverage(views: Sequence[ScanView], up_object: Array | None = None) -> Coverage:
    """Coverage of a scan; ``up_object`` (3,) is the direction away from the table in the object's frame.

    By default the z axis, or where most pictures look from its other side, as on many tag boards, that one.
    """
    up = np.array([0.0, 0.0, 1.0]) if up_object is None else np.asarray(up_object, float)
    if up.shape != (3,) or not np.linalg.norm(up) > 1e-9:
        raise ScanError(f"up is {up.tolist()}, expected a direction of 3 numbers")
    towards = directions_of(views)
    if up_object is None and (towards @ up < 0).mean() > 0.5:
        up = -up
    towards = towards @ _upright(up).T
    directions = _dome(_DIRECTIONS)
    return Coverage(directions, _covered(directions, towards), towards, up)


def directions_of(views: Sequence[ScanView]) -> Array:
    """Unit vectors (V, 3) from the object to the cameras, object's frame."""
    centre = np.median(np.concatenate([view.points(view.surface_pixels()[::50]) for view in views]), axis=0)
    towards = np.array([inverse(view.pose)[:3, 3] for view in views]) - centre
    return np.asarray(towards / np.linalg.norm(towards, axis=1, keepdims=True))


def _covered(directions: Array, views: Array) -> NDArray[np.bool_]:
    """Whether each of directions (n, 3) lies near one of views (V, 3)."""
    return np.asarray((directions @ views.T).max(1) >= np.cos(COVERED_WITHIN))


def _upright(up: Array) -> Array:
    """The rotation (3, 3) that takes ``up`` to z by the shortest way."""
    z = up / np.linalg.norm(up)
    if z[2] > 1 - 1e-9:
        return np.eye(3)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.9 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def _dome(count: int) -> Array:
    """Directions (count, 3) evenly over the upper half of the sphere: a Fibonacci spiral."""
    index = np.arange(count) + 0.5
    z = 1.0 - index / count
    azimuth = index * np.pi * (3.0 - np.sqrt(5.0))
    flat = np.sqrt(1.0 - z * z)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), z], 1)


def _angles(directions: Array) -> tuple[Array, NDArray[np.int64]]:
    """Elevations, degrees, and sectors of azimuth, 0 to 7, the first from -22.5° to 22.5° around x."""
    azimuth = np.degrees(np.arctan2(directions[:, 1], directions[:, 0]))
    return np.degrees(np.arcsin(np.clip(directions[:, 2], -1, 1))), np.floor((azimuth + 22.5) / 45.0).astype(int) % 8
