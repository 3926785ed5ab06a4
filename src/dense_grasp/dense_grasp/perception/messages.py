"""camera_info of ROS as the core takes it: strict at the door. Images: `dense_grasp_ros.images`."""

from __future__ import annotations

from typing import Any

from dense_grasp_core.cameras.camera_info import LensFields, camera_of
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.lens import Lens
from dense_grasp_ros.images import MessageError
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.nodes.perception_parameters import MAX_PIXELS

NANOSECONDS = 1_000_000_000


def stamp_ns(stamp: Any) -> int:
    """Nanoseconds of a builtin_interfaces/Time (or Duration)."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def camera_from_info(info: CameraInfo, max_pixels: int = MAX_PIXELS) -> CameraModel:
    """Model of the camera of the image that a camera_info belongs to: region of interest and binning are applied.

    Raises CameraError for an uncalibrated camera, an unknown distortion model and what the model does not cover, and
    MessageError for an image of more than `max_pixels` px.
    """
    if info.width * info.height > max_pixels:
        raise MessageError(
            f"camera_info says {info.width}x{info.height} px, expected at most {max_pixels / 1e6:g} million px: choose "
            "a smaller profile of the camera"
        )
    return camera_of(info, LensFields.of(info))


def info_from_camera(camera: CameraModel, header: Any) -> CameraInfo:
    """The camera_info of a camera, of the whole image and not rectified: the way back from `camera_from_info`."""
    rational = camera.lens is Lens.BROWN_CONRADY and len(camera.distortion) > 5
    model = "rational_polynomial" if rational else camera.lens.value
    info = CameraInfo(header=header, width=camera.width, height=camera.height, distortion_model=model)
    info.d = [float(number) for number in camera.distortion]
    info.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def check_belongs(
    message: Image, info: CameraInfo, camera: CameraModel, what: str = "colour image", tolerance: int = 0
) -> None:
    """Raises MessageError unless an image has the size of the camera and the frame and stamp of its camera_info.

    tolerance: ns that the stamps may be apart.
    """
    if (message.width, message.height) != (camera.width, camera.height):
        hint = " (is depth aligned to colour?)" if what == "depth image" else ""
        raise MessageError(
            f"{what} is {message.width}x{message.height} px, expected {camera.width}x{camera.height} as camera_info "
            f"says{hint}"
        )
    if message.header.frame_id != info.header.frame_id:
        raise MessageError(
            f"{what} is in frame '{message.header.frame_id}', expected '{info.header.frame_id}' as its camera_info says"
        )
    stamp, info_stamp = stamp_ns(message.header.stamp), stamp_ns(info.header.stamp)
    if abs(stamp - info_stamp) > tolerance:
        expected = f"at most {tolerance / 1e6:g} ms apart" if tolerance else "the same"
        raise MessageError(f"{what} has stamp {stamp} ns and its camera_info {info_stamp} ns, expected {expected}")
