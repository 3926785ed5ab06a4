"""camera_info as it is meant; see dense_grasp_core.cameras.camera_info."""

from __future__ import annotations

import copy

from dense_grasp_core.cameras.camera_info import LensFields, meant_lens
from sensor_msgs.msg import CameraInfo


def meant_info(message: CameraInfo, lens_model: str) -> CameraInfo:
    """The camera_info of the same image with the lens that it has; the message itself where nothing changes.

    lens_model: one of dense_grasp_core.cameras.record.LENS_MODELS.
    """
    said = LensFields.of(message)
    meant = meant_lens(said, lens_model)
    if meant is said:
        return message
    changed = copy.copy(message)
    changed.distortion_model, changed.d, changed.k, changed.r = meant.distortion_model, meant.d, meant.k, meant.r
    return changed
