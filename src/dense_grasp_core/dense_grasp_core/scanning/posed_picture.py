"""One posed picture of the camera on the arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PosedPicture:
    """rgb (H, W, 3) uint8; depth (H, W) m along the optical axis, 0 where unknown; base_from_camera (4, 4) at the
    picture's stamp, ns.
    """

    rgb: NDArray[np.uint8]
    depth: Array
    camera: CameraModel
    base_from_camera: Array
    stamp_ns: int = 0

    def points_base(self, step: int = 1) -> Array:
        """Points (n, 3) m in the base frame of every `step`-th pixel with a depth."""
        v, u = np.mgrid[0 : self.depth.shape[0] : step, 0 : self.depth.shape[1] : step]
        values = self.depth[v, u].ravel()
        known = values > 0.0
        pixels = np.stack([u.ravel()[known], v.ravel()[known]], axis=1).astype(float)
        return transform(self.base_from_camera, self.camera.deproject(pixels, values[known]))


def undistorted(picture: PosedPicture) -> PosedPicture:
    """The picture as a camera of the same intrinsics without distortion takes it: a scan has no room for one."""
    camera = picture.camera
    if not camera.distorts:
        return picture
    plain = camera.undistorted()
    v, u = np.mgrid[0 : camera.height, 0 : camera.width].astype(float)
    sources = camera.project(plain.rays(np.stack([u.ravel(), v.ravel()], axis=1)))
    across, down = np.moveaxis(np.nan_to_num(sources, nan=-1.0).reshape(*v.shape, 2).astype(np.float32), 2, 0)
    rgb = cv2.remap(picture.rgb, across, down, cv2.INTER_LINEAR)
    depth = cv2.remap(picture.depth.astype(np.float32), across, down, cv2.INTER_NEAREST)
    return replace(picture, rgb=np.asarray(rgb, np.uint8), depth=depth.astype(float), camera=plain)
