"""Between sensor_msgs/Image and numpy arrays as OpenCV uses them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from cv_bridge.encodings import DEPTH_OF_DTYPE, CvBridgeError, convert, getCvType, parse


class CvBridge:
    """Converts images. Keeps no state."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = "passthrough") -> np.ndarray:
        """Return an image message as an array (H, W) or (H, W, C) in the machine's byte order.

        With "passthrough" the array may share the message's memory.

        Raises:
            CvBridgeError: the message contradicts itself, or the conversion makes no sense.
        """
        encoding = parse(img_msg.encoding)
        height, width, step = int(img_msg.height), int(img_msg.width), int(img_msg.step)
        dtype = encoding.dtype.newbyteorder(">" if img_msg.is_bigendian else "<")
        row = width * encoding.channels * dtype.itemsize
        if step < row:
            raise CvBridgeError(
                f"Image is wrongly formed: step {step} < width {width} * {encoding.channels} channels"
                f" * {dtype.itemsize} bytes"
            )
        data = np.frombuffer(bytes(img_msg.data) if isinstance(img_msg.data, list) else img_msg.data, np.uint8)
        if data.size < height * step:
            raise CvBridgeError(f"Image is wrongly formed: height {height} * step {step} > {data.size} bytes of data")
        rows = data[: height * step].reshape(height, step)[:, :row]
        image = np.ascontiguousarray(rows).view(dtype).reshape(height, width, encoding.channels)
        if encoding.channels == 1:
            image = image[:, :, 0]
        if not dtype.isnative:
            image = image.astype(encoding.dtype)
        if desired_encoding == "passthrough":
            return image
        return convert(image, img_msg.encoding, desired_encoding)

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = "passthrough", header: Header | None = None) -> Image:
        """Return an array (H, W) or (H, W, C) as a message; "passthrough" names the type only, e.g. 8UC3.

        Raises:
            TypeError: not an array.
            CvBridgeError: the array's type is not the encoding's.
        """
        if not isinstance(cvim, (np.ndarray, np.generic)):
            raise TypeError("Your input type is not a numpy array")
        name = self.dtype_with_channels_to_cvtype2(cvim.dtype, 1 if cvim.ndim < 3 else cvim.shape[2])
        if encoding != "passthrough" and parse(encoding).cv_name != name:
            raise CvBridgeError(f"encoding specified as {encoding}, but image has incompatible type {name}")
        message = Image()
        if header is not None:
            message.header = header
        message.height, message.width = cvim.shape[:2]
        message.encoding = name if encoding == "passthrough" else encoding
        message.is_bigendian = cvim.dtype.byteorder == ">"
        message.data.frombytes(cvim.tobytes())
        message.step = len(message.data) // max(1, message.height)
        return message

    def compressed_imgmsg_to_cv2(self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough") -> Any:
        """Not offered."""
        raise NotImplementedError(
            "the cv_bridge stand-in of dense_grasp reads no compressed images; install ROS's cv_bridge"
        )

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray, dst_format: str = "jpg") -> Any:
        """Not offered."""
        raise NotImplementedError(
            "the cv_bridge stand-in of dense_grasp writes no compressed images; install ROS's cv_bridge"
        )

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype, n_channels: int) -> str:
        """Return e.g. 8UC3 for uint8 and 3."""
        if dtype.name not in DEPTH_OF_DTYPE:
            raise CvBridgeError(f"arrays of {dtype.name} are no images; use one of {sorted(DEPTH_OF_DTYPE)}")
        return f"{DEPTH_OF_DTYPE[dtype.name]}C{n_channels}"

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """Return OpenCV's number of an encoding's type."""
        return getCvType(encoding)

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return e.g. ("uint8", 3) for rgb8."""
        parsed = parse(encoding)
        return parsed.dtype.name, parsed.channels
