"""Keypoints of a scanned object by its pose: where each lies, and whether it is seen, hidden or not found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, turn_towards
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_core.object_model.view_bank import ViewBank

Array = NDArray[np.float64]
FEWEST_SUPPORTING = 20
LEAST_SCORE = 0.2
_GRID = 40  # cells along the object, in which the surface's nearest depth is kept
_HIDDEN_SHARE = 0.15  # of the radius, by which other surface must lie in front


class Visibility(Enum):
    """What a pose says of a point."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class PosedKeypoint:
    """A keypoint: point_camera (3,), metres, and pixel (2,), NaN where it is not found or behind the camera."""

    visibility: Visibility
    point_camera: Array
    pixel: Array


def posed_keypoints(
    bank: ViewBank, pose: ObjectPose | None, camera: CameraModel, points_object: ArrayLike
) -> list[PosedKeypoint]:
    """Points (n, 3) of the object's frame by its pose, None where the object was not found.

    A pose with fewer than FEWEST_SUPPORTING matches or a score below LEAST_SCORE supports no point, and a point outside
    the picture is not found. Hidden means behind the object itself; what else stands in front of it is not known.
    """
    points = np.asarray(points_object, float).reshape(-1, 3)
    if pose is None or pose.supporting < FEWEST_SUPPORTING or pose.score < LEAST_SCORE:
        nothing = np.full(3, np.nan)
        return [PosedKeypoint(Visibility.NOT_FOUND, nothing, nothing[:2]) for _ in points]
    motion = pose.camera_from_object
    points_camera = transform(motion, points)
    pixels = camera.project(points_camera)
    hidden = _hidden(bank, motion, points)
    found = []
    for point, pixel, covered in zip(points_camera, pixels, hidden, strict=True):
        inside = np.isfinite(pixel).all() and camera.contains(*pixel)
        state = Visibility.HIDDEN if covered else Visibility.VISIBLE
        found.append(PosedKeypoint(state if inside else Visibility.NOT_FOUND, point, pixel))
    return found


def _hidden(bank: ViewBank, camera_from_object: Array, points: Array) -> NDArray[np.bool_]:
    """Whether another part of the surface lies clearly in front of each point."""
    centre = transform(camera_from_object, bank.centre)
    look = LookAt(turn_towards(centre), _GRID / 2.2 * float(np.linalg.norm(centre)) / bank.radius, _GRID)
    rotation = look.camera_from_virtual.T @ camera_from_object[:3, :3]
    shift = look.camera_from_virtual.T @ camera_from_object[:3, 3]
    surface, asked = (p @ rotation.T + shift for p in (bank.surface, points))
    nearest = np.full((_GRID, _GRID), np.inf)
    u, v = np.clip(np.rint(look.project(surface)), 0, _GRID - 1).astype(int).T
    np.minimum.at(nearest, (v, u), surface[:, 2])
    u, v = np.clip(np.rint(look.project(asked)), 0, _GRID - 1).astype(int).T
    return nearest[v, u] < asked[:, 2] - _HIDDEN_SHARE * bank.radius
