"""Image encodings of sensor_msgs and the conversions between them."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

_DEPTHS = {"8U": "uint8", "8S": "int8", "16U": "uint16", "16S": "int16", "32S": "int32", "32F": "float32"}
_DEPTHS["64F"] = "float64"
DEPTH_OF_DTYPE = {dtype: depth for depth, dtype in _DEPTHS.items()}
_CV_DEPTH = {depth: index for index, depth in enumerate(_DEPTHS)}  # OpenCV counts them in this order
_COLOURS = {
    "mono": ("GRAY", 1),
    "rgb": ("RGB", 3),
    "bgr": ("BGR", 3),
    "rgba": ("RGBA", 4),
    "bgra": ("BGRA", 4),
}
#: OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first two pixels of both rows.
_BAYER = {"rggb": "BayerBG", "bggr": "BayerRG", "gbrg": "BayerGR", "grbg": "BayerGB"}
_YUV = {"yuv422": "UYVY", "uyvy": "UYVY", "yuv422_yuy2": "YUY2", "yuyv": "YUY2"}


class CvBridgeError(TypeError):
    """An image cannot be converted."""


class Encoding(NamedTuple):
    """Depth ("8U", ..., "64F"), number of channels and OpenCV's name of the colours (None: plain numbers)."""

    depth: str
    channels: int
    colour: str | None

    @property
    def dtype(self) -> np.dtype:
        """The element type, in the machine's byte order."""
        return np.dtype(_DEPTHS[self.depth])

    @property
    def cv_name(self) -> str:
        """The name without meaning, e.g. 8UC3."""
        return f"{self.depth}C{self.channels}"


def parse(encoding: str) -> Encoding:
    """Return what an encoding says.

    Raises:
        CvBridgeError: it is unknown.
        NotImplementedError: it is planar (NV21, NV24).
    """
    if match := re.fullmatch(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([0-9]+))?", encoding):
        return Encoding(match[1], int(match[2] or 1), None)
    if match := re.fullmatch(r"(mono|rgba?|bgra?)(8|16)", encoding):
        colour, channels = _COLOURS[match[1]]
        return Encoding(match[2] + "U", channels, colour)
    if match := re.fullmatch(r"bayer_(rggb|bggr|gbrg|grbg)(8|16)", encoding):
        return Encoding(match[2] + "U", 1, _BAYER[match[1]])
    if encoding in _YUV:
        return Encoding("8U", 2, f"YUV_{_YUV[encoding]}")
    if encoding.startswith("nv"):
        raise NotImplementedError(
            f"the cv_bridge stand-in of dense_grasp does not read [{encoding}]; install ROS's cv_bridge"
        )
    raise CvBridgeError(f"Unrecognized image encoding [{encoding}]")


def getCvType(encoding: str) -> int:
    """Return OpenCV's number of an encoding's type."""
    parsed = parse(encoding)
    return _CV_DEPTH[parsed.depth] + ((parsed.channels - 1) << 3)


def convert(image: np.ndarray, source: str, target: str) -> np.ndarray:
    """Return an image (H, W) or (H, W, C) of one encoding in another.

    Colours become grey and grey becomes colours; 8 and 16 bit scale by their ranges.

    Raises:
        CvBridgeError: the conversion makes no sense.
    """
    if target == source:
        return image
    a, b = parse(source), parse(target)
    if b.colour is not None and a.colour is None:
        raise CvBridgeError(f"[{source}] is not a color format. but [{target}] is. The conversion does not make sense")
    if (a.colour is None or b.colour is None) and a.channels != b.channels:
        raise CvBridgeError(f"[{source}] and [{target}] do not have the same number of channels")
    if a.colour is not None and b.colour is not None and a.colour != b.colour:
        image = _change_colour(image, source, target, a.colour, b.colour)
    return _change_depth(image, a.depth, b.depth)


def _change_colour(image: np.ndarray, source: str, target: str, a: str, b: str) -> np.ndarray:
    import cv2  # late: only colour conversion needs it, and it costs a node's start

    if b.startswith(("Bayer", "YUV")):
        raise CvBridgeError(f"Unsupported conversion from [{source}] to [{target}]")
    if a.startswith("YUV_"):
        return cv2.cvtColor(image, getattr(cv2, f"COLOR_YUV2{b}_{a[4:]}"))
    if a.startswith("Bayer") and b.endswith("A"):  # there is no way in one step
        colours = cv2.cvtColor(image, getattr(cv2, f"COLOR_{a}2{b[:-1]}"))
        return cv2.cvtColor(colours, getattr(cv2, f"COLOR_{b[:-1]}2{b}"))
    return cv2.cvtColor(image, getattr(cv2, f"COLOR_{a}2{b}"))


def _change_depth(image: np.ndarray, source: str, target: str) -> np.ndarray:
    if source == target:
        return image.copy()
    dtype = np.dtype(_DEPTHS[target])
    bits = int(source.rstrip("USF")), int(target.rstrip("USF"))
    scale = {(8, 16): 65535.0 / 255.0, (16, 8): 255.0 / 65535.0}.get(bits, 1.0)
    if scale == 1.0 and dtype.kind == "f":
        return image.astype(dtype)
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return np.clip(np.rint(image * scale), limits.min, limits.max).astype(dtype)
