"""From ROS image messages to arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from dense_grasp_ui.pictures.newest import PictureError


def rgb_of(message: Image) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of an rgb8 or bgr8 image. Raises PictureError for another encoding or a wrong size."""
    if message.encoding not in ("rgb8", "bgr8"):
        raise PictureError(f"camera image has encoding '{message.encoding}', expected rgb8 or bgr8 for the page")
    data = np.frombuffer(message.data, np.uint8)
    step, width, height = message.step, 3 * message.width, message.height
    if not message.width or not height or step < width or data.size < step * height:
        raise PictureError(
            f"camera image of {message.width}x{height} px has {data.size} bytes, step {step}: expected 3 bytes a pixel"
        )
    pixels = data[: step * height].reshape(height, step)[:, :width].reshape(height, message.width, 3)
    return np.ascontiguousarray(pixels[..., ::-1] if message.encoding == "bgr8" else pixels)
