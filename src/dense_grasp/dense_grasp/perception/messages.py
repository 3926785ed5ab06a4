"""Between ROS image messages and arrays: strict at the door, fast inside.

Written out instead of taken from cv_bridge: the binary of cv_bridge that some distributions ship breaks beside
NumPy 2, and it converts silently (mono8 to rgb8) where a wrong encoding has to be reported.
"""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.depth import depth_to_metres
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.nodes.perception_parameters import MAX_PIXELS

Bytes = NDArray[np.uint8]
NANOSECONDS = 1_000_000_000
COLOUR_ENCODINGS = ("rgb8", "bgr8")
DEPTH_ENCODINGS: dict[str, np.dtype] = {"16UC1": np.dtype("<u2"), "32FC1": np.dtype("<f4")}


class MessageError(DenseGraspError):
    """A message that cannot be used: says the thing, its value and what was expected."""


def stamp_ns(stamp: Any) -> int:
    """Nanoseconds of a builtin_interfaces/Time (or Duration)."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def _rows(message: Image, row_bytes: int, what: str) -> Bytes:
    """Bytes of an image without row padding, (H, row_bytes) uint8; raises MessageError for sizes that do not add up."""
    if message.height < 1 or message.width < 1:
        raise MessageError(f"{what} is {message.width}x{message.height} px, expected at least 1x1")
    if message.step < row_bytes:
        raise MessageError(
            f"{what} has step {message.step} bytes, expected at least {row_bytes} for {message.encoding}"
        )
    expected = message.height * message.step
    if len(message.data) != expected:
        raise MessageError(f"{what} has {len(message.data)} bytes of data, expected height x step = {expected}")
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)[:, :row_bytes]


def rgb_from_message(message: Image) -> np.ndarray:
    """Colour image as (H, W, 3) uint8 RGB. Accepts rgb8 and bgr8; raises MessageError for anything else."""
    if message.encoding not in COLOUR_ENCODINGS:
        raise MessageError(
            f"colour image has encoding '{message.encoding}', expected one of {', '.join(COLOUR_ENCODINGS)}"
        )
    pixels = _rows(message, message.width * 3, "colour image").reshape(message.height, message.width, 3)
    return np.ascontiguousarray(pixels[..., ::-1] if message.encoding == "bgr8" else pixels)


def depth_from_message(message: Image) -> np.ndarray:
    """Depth image in metres, (H, W) float32, invalid as the core's `depth_to_metres` says. Raises MessageError."""
    dtype = DEPTH_ENCODINGS.get(message.encoding)
    if dtype is None:
        raise MessageError(
            f"depth image has encoding '{message.encoding}', expected one of {', '.join(DEPTH_ENCODINGS)}"
        )
    if message.is_bigendian:
        dtype = dtype.newbyteorder(">")
    raw = np.ascontiguousarray(_rows(message, message.width * dtype.itemsize, "depth image")).view(dtype)
    return depth_to_metres(raw.astype(dtype.newbyteorder("=")), message.encoding)


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
    roi = info.roi
    return CameraModel.from_camera_info(
        info.width,
        info.height,
        info.k,
        info.d,
        info.distortion_model,
        r=info.r,
        p=info.p,
        binning=(info.binning_x, info.binning_y),
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
    )


def check_belongs(message: Image, info: CameraInfo, camera: CameraModel, what: str = "colour image") -> None:
    """Raises MessageError unless an image has the size of the camera and the frame and stamp of its camera_info."""
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
    if message.header.stamp != info.header.stamp:
        raise MessageError(
            f"{what} has stamp {stamp_ns(message.header.stamp)} ns and its camera_info "
            f"{stamp_ns(info.header.stamp)} ns, expected the same"
        )


def byte_array(values: np.ndarray) -> array.array:
    """The bytes of an array in the type that a uint8[] field takes without a copy per element."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(values).view(np.uint8).reshape(-1).data)
    return data


def image_message(pixels: np.ndarray, encoding: str, header: Any) -> Image:
    """Image of (H, W) or (H, W, C) pixels with a header; the encoding has to fit the array's type."""
    message = Image(header=header, encoding=encoding, height=pixels.shape[0], width=pixels.shape[1])
    message.step = pixels.dtype.itemsize * int(np.prod(pixels.shape[1:]))
    message.data = byte_array(pixels)
    return message
