"""From where to look at an object: directions evenly over the dome above it, and camera poses along each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse

Array = NDArray[np.float64]
#: Room about the object in a picture, as a share of its radius: its middle and size are known from one side only.
ROOM = 1.1
#: A direction that is out of reach from near may be in reach from farther away: distances as shares of the least.
DISTANCES = (1.0, 1.15, 1.3)
#: Turns of the camera about its axis that are tried, evenly over the circle.
ROLLS = 12
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True)
class DomeView:
    """A direction (3,), unit, from the object to the camera, and poses base_from_camera (4, 4) that look along it, the
    preferred first.
    """

    direction: Array
    poses: tuple[Array, ...]


def dome_directions(count: int, lowest: float) -> Array:
    """Unit vectors (count, 3) from the object to the camera, z up, evenly over the sky from `lowest` rad above the
    horizon up: a Fibonacci spiral, the highest first.
    """
    z = 1.0 - (1.0 - np.sin(lowest)) * (np.arange(count) + 0.5) / count
    flat, azimuth = np.sqrt(1.0 - z * z), np.arange(count) * _GOLDEN
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), z], axis=1)


def directions_for(spacing: float, lowest: float) -> int:
    """How many directions lie `spacing` rad apart from their neighbours, as in a hexagonal net."""
    sky = 2.0 * np.pi * (1.0 - np.sin(lowest))
    return max(1, round(float(sky / (spacing**2 * np.sqrt(3.0) / 2.0))))


def viewing_distance(camera: CameraModel, radius: float, nearest: float) -> float:
    """Metres from the middle of an object, all of which lies within `radius` m, at which it is whole in the picture and
    no part of it nearer than `nearest` m.
    """
    edges = [
        np.arctan2(min(camera.cx, camera.width - 1 - camera.cx), camera.fx),
        np.arctan2(min(camera.cy, camera.height - 1 - camera.cy), camera.fy),
    ]
    return float(max(ROOM * radius / np.sin(min(edges)), nearest + radius))


def dome_view(centre: Array, direction: Array, distances: Sequence[float]) -> DomeView:
    """The poses that look at `centre` (3,), base frame, along the direction (3,), nearest first."""
    poses = [
        camera_pose(centre + distance * direction, direction, 2.0 * np.pi * turn / ROLLS)
        for distance in distances
        for turn in range(ROLLS)
    ]
    return DomeView(direction, tuple(poses))


def camera_pose(place: Array, direction: Array, roll: float) -> Array:
    """base_from_camera (4, 4) of a camera at `place` (3,) that looks against the direction (3,); without a roll its
    picture's up is the base frame's z, and from straight above its x.
    """
    forward = -np.asarray(direction, dtype=float)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([1.0, 0.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    pose = np.eye(4)
    pose[:3, 0] = np.cos(roll) * right + np.sin(roll) * down
    pose[:3, 1] = -np.sin(roll) * right + np.cos(roll) * down
    pose[:3, 2] = forward
    pose[:3, 3] = place
    return pose


def camera_on_tool(base_from_camera: Array, base_from_tcp: Array) -> Array:
    """camera_from_tcp (4, 4), from where both are at one time."""
    return inverse(base_from_camera) @ base_from_tcp
