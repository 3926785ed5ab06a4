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
class Look:
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


def undistorted(look: Look) -> Look:
    """The picture as a camera of the same intrinsics without distortion takes it: a scan has no room for one."""
    camera = look.camera
    if not any(camera.distortion):
        return look
    size = (camera.width, camera.height)
    coefficients = np.array(camera.distortion, dtype=float)
    maps = cv2.initUndistortRectifyMap(camera.matrix, coefficients, np.eye(3), camera.matrix, size, cv2.CV_32FC1)
    rgb = cv2.remap(look.rgb, *maps, cv2.INTER_LINEAR)
    depth = cv2.remap(look.depth.astype(np.float32), *maps, cv2.INTER_NEAREST)
    plain = replace(camera, distortion=(0.0,) * len(camera.distortion))
    return replace(look, rgb=np.asarray(rgb, np.uint8), depth=depth.astype(float), camera=plain)
