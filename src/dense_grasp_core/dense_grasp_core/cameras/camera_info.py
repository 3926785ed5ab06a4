"""What a camera_info means, as rclpy or rosbags gives it: drivers say of some lenses, and of rectified images, another
thing than they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dense_grasp_core.cameras.record import AS_CAMERA_INFO_SAYS, REALSENSE, RECTIFIED
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.lens import Lens

Numbers = Sequence[float]


@dataclass(frozen=True)
class LensFields:
    """distortion_model, d, k (9,), r (9,) and p (12,) of a camera_info."""

    distortion_model: str
    d: Numbers
    k: Numbers
    r: Numbers
    p: Numbers

    @classmethod
    def of(cls, info: Any) -> LensFields:
        """As a camera_info message says them."""
        return cls(info.distortion_model, list(info.d), list(info.k), list(info.r), list(info.p))


def camera_of(info: Any, lens: LensFields) -> CameraModel:
    """Model of the camera of the image that a camera_info message belongs to, with the lens that it has: region of
    interest and binning are applied. Raises CameraError for an uncalibrated camera, an unknown distortion model and
    what the model does not cover.
    """
    roi = info.roi
    return CameraModel.from_camera_info(
        info.width,
        info.height,
        lens.k,
        lens.d,
        lens.distortion_model,
        r=lens.r,
        p=lens.p,
        binning=(info.binning_x, info.binning_y),
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
    )


def meant_lens(fields: LensFields, lens_model: str) -> LensFields:
    """The fields as they are meant; the same object where nothing changes. lens_model: one of cameras.record's."""
    return _MEANT[lens_model](fields)


def _inverse_model(fields: LensFields) -> LensFields:
    """realsense2_camera calls every lens but a fisheye "plumb_bob". The coefficients of D405, D455 and their like are
    librealsense's inverse Brown-Conrady model, from the image to the direction (realsense-ros issue 2458); those of
    D415 and D435 are zero.
    """
    if fields.distortion_model != Lens.BROWN_CONRADY.value or not any(fields.d):
        return fields
    return replace(fields, distortion_model=Lens.INVERSE_BROWN_CONRADY.value)


def _of_p(fields: LensFields) -> LensFields:
    """image_proc publishes rectified images beside the camera_info of the raw ones: there the lens is gone, and the
    intrinsics are those of P. What P cannot say (a baseline) is left for the camera's own check.
    """
    p = fields.p
    if not any(p):
        return fields
    return LensFields(
        Lens.BROWN_CONRADY.value,
        [0.0] * 5,
        [*p[0:3], *p[4:7], *p[8:11]],
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p,
    )


_MEANT: dict[str, Callable[[LensFields], LensFields]] = {
    AS_CAMERA_INFO_SAYS: lambda fields: fields,
    REALSENSE: _inverse_model,
    RECTIFIED: _of_p,
}
