"""Pictures as files: JPEG for the browser, PNG or JPEG from the graph."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

JPEG_QUALITY = 85
#: Width of a small picture, px.
SMALL = 200


class PictureError(DenseGraspError):
    """A picture that cannot be shown."""


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """JPEG file of an RGB image (H, W, 3)."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise PictureError(f"image of {rgb.dtype} {rgb.shape} cannot be written as JPEG")
    return bytes(data)


def small_jpeg(rgb: NDArray[np.uint8], to_width: int = SMALL) -> bytes:
    """JPEG file of an RGB image (H, W, 3), to_width px wide and in its shape."""
    height, width = rgb.shape[:2]
    size = to_width, max(1, round(to_width * height / width))
    resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if width > to_width else cv2.INTER_LINEAR)
    return jpeg(np.asarray(resized, np.uint8))


def picture_rgb(data: bytes) -> NDArray[np.uint8]:
    """RGB image (H, W, 3) of a PNG or JPEG file. Raises PictureError."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise PictureError(f"a stored picture of {len(data)} bytes cannot be read, expected a whole PNG or JPEG")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def one_channel(png: bytes) -> NDArray[Any]:
    """Values (H, W) of a PNG file of one channel, as a mask or depth is sent. Raises PictureError."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if image is None or image.ndim != 2:
        raise PictureError(f"a mask or depth of {len(png)} bytes cannot be read, expected a whole PNG of one channel")
    return image
