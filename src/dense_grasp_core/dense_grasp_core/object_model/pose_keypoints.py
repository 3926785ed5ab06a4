"""Keypoints of a scanned object by its pose: where each lies, and whether it is seen, hidden or not found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import hat, transform
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_core.object_model.sensed_depth import SensedDepth
from dense_grasp_core.object_model.surface import covered, facing
from dense_grasp_core.object_model.view_bank import ViewBank
from dense_grasp_core.result_codes import Visibility

Array = NDArray[np.float64]
_NEIGHBOURS = 12  # surface points around a keypoint, whose normals tell which way it faces
_LEAST_FACING = 0.3  # share of them that must face the camera
_WINDOW = 2  # px around a keypoint in which measured depth is asked
_IN_FRONT = 0.1  # of the radius, by which measured depth must be nearer to hide a keypoint, or farther to deny it
_IN_FRONT_M = 0.01
_DEVIATIONS = 2.0  # of the pose, along the ray, by which that grows


@dataclass(frozen=True)
class PosedKeypoint:
    """A keypoint: point_camera (3,), metres, its covariance (3, 3), m², and pixel (2,); NaN where it is not found, the
    pixel also behind the camera. visibility: UNKNOWN where it is not found.
    """

    visibility: Visibility
    point_camera: Array
    pixel: Array
    covariance: Array

    @property
    def is_found(self) -> bool:
        """Whether the pose puts it somewhere."""
        return self.visibility is not Visibility.UNKNOWN


def posed_keypoints(
    bank: ViewBank,
    pose: ObjectPose | None,
    camera: CameraModel,
    points_object: ArrayLike,
    depth: NDArray[np.floating] | None = None,
) -> list[PosedKeypoint]:
    """Points (n, 3) of the object's frame by an instance that `find_objects` found, None where it found nothing.

    depth (H, W), metres, as there. Hidden is what lies behind the object itself, faces away, or lies behind what the
    sensor measures in front of it. Not found is what lies outside the picture, or where the sensor sees through.
    """
    points = np.asarray(points_object, float).reshape(-1, 3)
    nothing = np.full(3, np.nan)
    lost = PosedKeypoint(Visibility.UNKNOWN, nothing, nothing[:2], np.full((3, 3), np.nan))
    if pose is None:
        return [lost for _ in points]
    motion = pose.camera_from_object
    points_camera = transform(motion, points)
    pixels = camera.project(points_camera)
    hidden = covered(bank.surface, bank.centre, bank.radius, motion, points) | ~_faces(bank, motion, points)
    found = []
    for point, pixel, away in zip(points_camera, pixels, hidden, strict=True):
        inside = np.isfinite(pixel).all() and camera.contains(*pixel)
        lever = np.concatenate([np.eye(3), -hat(point - motion[:3, 3])], 1)
        covariance = lever @ pose.covariance @ lever.T
        state = Visibility.HIDDEN if away else Visibility.VISIBLE
        if inside and depth is not None:
            allowed = max(_IN_FRONT_M, _IN_FRONT * bank.radius) + _DEVIATIONS * float(np.sqrt(covariance[2, 2]))
            state = _measured(SensedDepth(depth, camera), pixel, point[2], allowed, state)
        found.append(PosedKeypoint(state, point, pixel, covariance) if inside and state else lost)
    return found


def _faces(bank: ViewBank, camera_from_object: Array, points: Array) -> NDArray[np.bool_]:
    """Whether enough of the surface around each point faces the camera."""
    near = cKDTree(bank.surface).query(points, min(_NEIGHBOURS, len(bank.surface)))[1].reshape(len(points), -1)
    front = facing(camera_from_object, bank.surface, bank.normals)
    return np.asarray(front[near].mean(1) >= _LEAST_FACING)


def _measured(sensed: SensedDepth, pixel: Array, expected: float, allowed: float, state: Visibility) -> Visibility:
    """The state by what is measured around the pixel, UNKNOWN where that denies the point; unchanged without depth."""
    offsets = np.arange(-_WINDOW, _WINDOW + 1)
    du, dv = np.meshgrid(offsets, offsets)
    off = sensed.at(pixel + np.stack([du.ravel(), dv.ravel()], 1)) - expected
    off = off[np.isfinite(off)]
    if not len(off):
        return state
    if (off < -allowed).mean() > 0.5:
        return Visibility.HIDDEN
    if state is Visibility.VISIBLE and (off > allowed).all():
        return Visibility.UNKNOWN
    return state
