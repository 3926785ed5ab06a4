"""camera_info as it is meant: drivers say of some lenses, and of rectified images, something else than they mean."""

from __future__ import annotations

import copy
from collections.abc import Callable

from dense_grasp_core.cameras.record import AS_CAMERA_INFO_SAYS, REALSENSE, RECTIFIED
from dense_grasp_core.geometry.lens import Lens
from sensor_msgs.msg import CameraInfo


def meant_info(message: CameraInfo, lens_model: str) -> CameraInfo:
    """The camera_info of the same image with the lens that it has; the message itself where nothing changes.

    lens_model: one of dense_grasp_core.cameras.record.LENS_MODELS.
    """
    return MEANT[lens_model](message)


def _inverse_model(message: CameraInfo) -> CameraInfo:
    """realsense2_camera calls every lens but a fisheye "plumb_bob". The coefficients of D405, D455 and their like are
    librealsense's inverse Brown-Conrady model, from the image to the direction (realsense-ros issue 2458); those of
    D415 and D435 are zero.
    """
    if message.distortion_model != Lens.BROWN_CONRADY.value or not any(message.d):
        return message
    changed = copy.copy(message)
    changed.distortion_model = Lens.INVERSE_BROWN_CONRADY.value
    return changed


def _of_p(message: CameraInfo) -> CameraInfo:
    """image_proc publishes rectified images beside the camera_info of the raw ones: there the lens is gone, and the
    intrinsics are those of P. What P cannot say (a baseline) is left for the camera's own check.
    """
    if not any(message.p):
        return message
    p = message.p
    changed = copy.copy(message)
    changed.distortion_model, changed.d = Lens.BROWN_CONRADY.value, [0.0] * 5
    changed.k = [*p[0:3], *p[4:7], *p[8:11]]
    changed.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    return changed


MEANT: dict[str, Callable[[CameraInfo], CameraInfo]] = {
    AS_CAMERA_INFO_SAYS: lambda message: message,
    REALSENSE: _inverse_model,
    RECTIFIED: _of_p,
}
