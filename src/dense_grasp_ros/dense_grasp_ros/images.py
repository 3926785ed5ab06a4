"""Between ROS image messages and arrays: strict at the door, fast inside.

rgb8 and bgr8 are views of the message's bytes; what has to be computed is cv_bridge's, which is imported only then: its
binary breaks beside NumPy 2 or OpenCV 5 on some distributions, and a RealSense's images do not need it.
"""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.depth import DEPTH_ENCODINGS, depth_to_metres
from numpy.typing import NDArray
from sensor_msgs.msg import Image

Bytes = NDArray[np.uint8]
#: Bytes of a pixel. Of these two the bytes are the colours; of the others cv_bridge makes them.
COLOUR_ENCODINGS = {
    **{"rgb8": 3, "bgr8": 3},
    **{"rgba8": 4, "bgra8": 4, "rgb16": 6, "bgr16": 6, "rgba16": 8, "bgra16": 8},
    **{"mono8": 1, "mono16": 2, "8UC1": 1, "8UC3": 3, "8UC4": 4},
    **{"yuv422": 2, "uyvy": 2, "yuv422_yuy2": 2, "yuyv": 2},
    **{f"bayer_{pattern}{bits}": bits // 8 for pattern in ("rggb", "bggr", "gbrg", "grbg") for bits in (8, 16)},
}
#: Names of a type alone; a driver that leaves the colours out means OpenCV's.
MEANT = {"8UC1": "mono8", "8UC3": "bgr8", "8UC4": "bgra8"}

#: Of the numbers of a depth image.
DEPTH_TYPES = {encoding: np.dtype("<f4" if encoding == "32FC1" else "<u2") for encoding in DEPTH_ENCODINGS}


class MessageError(DenseGraspError):
    """A message that cannot be used: says the thing, its value and what was expected."""


def image_rows(message: Image, row_bytes: int, what: str) -> Bytes:
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
    """Colour image as (H, W, 3) uint8 RGB, of every encoding in COLOUR_ENCODINGS; raises MessageError for others."""
    size = COLOUR_ENCODINGS.get(message.encoding)
    if size is None:
        raise MessageError(
            f"colour image has encoding '{message.encoding}', expected one of {', '.join(COLOUR_ENCODINGS)}"
        )
    rows = image_rows(message, message.width * size, "colour image")
    encoding = MEANT.get(message.encoding, message.encoding)
    if encoding not in ("rgb8", "bgr8"):
        return _converted(message, encoding)
    pixels = rows.reshape(message.height, message.width, 3)
    return np.ascontiguousarray(pixels[..., ::-1] if encoding == "bgr8" else pixels)


def _converted(message: Image, encoding: str) -> np.ndarray:
    """By cv_bridge, (H, W, 3) uint8 RGB; raises MessageError with its reason."""
    try:
        from cv_bridge import CvBridge
    except Exception as error:  # also a binary that was built for another NumPy or OpenCV
        raise MessageError(
            f"colour image has encoding '{encoding}', which needs cv_bridge, and that cannot be imported: {error}; "
            "install one built for this NumPy and OpenCV, or let the camera publish rgb8"
        ) from error
    named = Image(
        header=message.header,
        height=message.height,
        width=message.width,
        encoding=encoding,
        is_bigendian=message.is_bigendian,
        step=message.step,
        data=message.data,
    )
    try:
        return np.ascontiguousarray(CvBridge().imgmsg_to_cv2(named, "rgb8"))
    except Exception as error:  # cv_bridge raises what OpenCV raises
        raise MessageError(f"colour image of encoding '{encoding}' cannot be converted to rgb8: {error}") from error


def depth_from_message(message: Image) -> np.ndarray:
    """Depth image in metres, (H, W) float32, invalid as the core's `depth_to_metres` says. Raises MessageError."""
    dtype = DEPTH_TYPES.get(message.encoding)
    if dtype is None:
        raise MessageError(
            f"depth image has encoding '{message.encoding}', expected one of {', '.join(DEPTH_ENCODINGS)}"
        )
    if message.is_bigendian:
        dtype = dtype.newbyteorder(">")
    raw = np.ascontiguousarray(image_rows(message, message.width * dtype.itemsize, "depth image")).view(dtype)
    return depth_to_metres(raw.astype(dtype.newbyteorder("=")), message.encoding)


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
