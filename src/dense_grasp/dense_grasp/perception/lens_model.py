"""camera_info as it is meant: drivers say of some lenses, and of rectified images, something else than they mean."""

from __future__ import annotations

import copy

from dense_grasp_core.geometry.lens import Lens
from dense_grasp_ros.shared_parameters import REALSENSE, RECTIFIED
from sensor_msgs.msg import CameraInfo


def meant_info(message: CameraInfo, lens_model: str) -> CameraInfo:
    """The camera_info of the same image with the lens that it has; the message itself where nothing changes.

    realsense2_camera calls every lens but a fisheye "plumb_bob". The coefficients of D405, D455 and their like are
    librealsense's inverse Brown-Conrady model, from the image to the direction (realsense-ros issue 2458); those of
    D415 and D435 are zero. image_proc publishes rectified images beside the camera_info of the raw ones: there the
    lens is gone, and the intrinsics are those of P. What P cannot say (a baseline) is left for the camera's own check.
    """
    if lens_model == REALSENSE and message.distortion_model == Lens.BROWN_CONRADY.value and any(message.d):
        changed = copy.copy(message)
        changed.distortion_model = Lens.INVERSE_BROWN_CONRADY.value
        return changed
    if lens_model == RECTIFIED and any(message.p):
        p = message.p
        changed = copy.copy(message)
        changed.distortion_model, changed.d = Lens.BROWN_CONRADY.value, [0.0] * 5
        changed.k = [*p[0:3], *p[4:7], *p[8:11]]
        changed.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        return changed
    return message
