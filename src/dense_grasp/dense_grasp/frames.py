"""Descriptors, aligned depth, colour and camera_info of one stamp, kept together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property

import numpy as np
from dense_grasp_core.camera import CameraModel
from dense_grasp_core.matching import DescriptorGrid
from sensor_msgs.msg import Image

from dense_grasp.messages import MessageError, camera_from_info, depth_from_message, rgb_from_message, stamp_ns
from dense_grasp.stamps import StampCache
from dense_grasp_interfaces.msg import DescriptorImage


def features_from_message(message: DescriptorImage) -> np.ndarray:
    """Descriptors as (h, w, D) float32. Raises MessageError for another dtype or a size that does not add up."""
    if message.dtype != "float16":
        raise MessageError(f"descriptor image has dtype '{message.dtype}', expected 'float16'")
    shape = (message.height, message.width, message.channels)
    expected = 2 * int(np.prod(shape))
    if expected == 0 or len(message.data) != expected:
        raise MessageError(
            f"descriptor image of {shape[1]}x{shape[0]} cells and {shape[2]} channels has {len(message.data)} bytes, "
            f"expected {expected} and at least one cell"
        )
    if not message.stride > 0.0:
        raise MessageError(f"descriptor image has stride {message.stride}, expected a number above 0")
    return np.frombuffer(message.data, "<f2").reshape(shape).astype(np.float32)


class Frame:
    """One image of the camera with everything that belongs to its stamp. Decodes on first use.

    stamp: ns. header: of the image, its frame_id is the optical frame. colour: None when it was dropped on the way.
    """

    def __init__(self, descriptors: DescriptorImage, depth: Image, colour: Image | None):
        self.header = descriptors.header
        self.stamp = stamp_ns(descriptors.header.stamp)
        self.model_id: str = descriptors.model_id
        self.info = descriptors.camera_info
        self._descriptors = descriptors
        self._depth = depth
        self._colour = colour

    @cached_property
    def camera(self) -> CameraModel:
        """Model of the camera; raises CameraError."""
        return camera_from_info(self.info)

    @cached_property
    def grid(self) -> DescriptorGrid:
        """The descriptors, ready for queries; raises MessageError."""
        features = features_from_message(self._descriptors)
        return DescriptorGrid.from_array(
            features, self._descriptors.stride, (int(self.info.height), int(self.info.width))
        )

    @cached_property
    def depth(self) -> np.ndarray:
        """(H, W) float32 metres, NaN where nothing was measured; raises MessageError."""
        if (self._depth.width, self._depth.height) != (self.info.width, self.info.height):
            raise MessageError(
                f"depth image is {self._depth.width}x{self._depth.height} px, expected {self.info.width}x"
                f"{self.info.height} as the colour image (is depth aligned to colour?)"
            )
        return depth_from_message(self._depth)

    @cached_property
    def rgb(self) -> np.ndarray | None:
        """(H, W, 3) uint8, None when the colour image of this stamp was not received; raises MessageError."""
        return None if self._colour is None else rgb_from_message(self._colour)


class FrameSync:
    """Joins the three streams by exact stamp and holds the newest whole frame. Safe to use from several threads."""

    def __init__(self, size: int):
        self._depths: StampCache[Image] = StampCache(size)
        self._colours: StampCache[Image] = StampCache(size)
        self._waiting: StampCache[DescriptorImage] = StampCache(size)
        self._condition = threading.Condition()
        self._newest: Frame | None = None
        self._last_descriptors: int | None = None

    @property
    def newest(self) -> Frame | None:
        """The frame that was completed last."""
        with self._condition:
            return self._newest

    def put_colour(self, message: Image) -> None:
        """Colour is optional for a frame: it never completes one."""
        self._colours.put(stamp_ns(message.header.stamp), message)

    def put_depth(self, message: Image) -> Frame | None:
        """Returns the frame that this depth image completes, if any."""
        stamp = stamp_ns(message.header.stamp)
        self._depths.put(stamp, message)
        descriptors = self._waiting.get(stamp)
        return None if descriptors is None else self._complete(descriptors, message)

    def put_descriptors(self, message: DescriptorImage) -> Frame | None:
        """Returns the frame that these descriptors complete, if any."""
        stamp = stamp_ns(message.header.stamp)
        self._last_descriptors = stamp
        depth = self._depths.get(stamp)
        if depth is None:
            self._waiting.put(stamp, message)
            return None
        return self._complete(message, depth)

    def wait(self, good: Callable[[Frame], bool], timeout: float) -> Frame | None:
        """The newest frame as soon as `good` says yes to it; None after `timeout` s of wall clock."""
        with self._condition:
            self._condition.wait_for(lambda: self._newest is not None and good(self._newest), timeout)
            return self._newest if self._newest is not None and good(self._newest) else None

    def reset(self) -> None:
        """Forget every frame: the clock jumped and stamps of before mean nothing now."""
        for cache in (self._depths, self._colours, self._waiting):
            cache.clear()
        with self._condition:
            self._newest = None
            self._last_descriptors = None

    def why_empty(self) -> str:
        """A sentence that tells an operator which stream is missing, since the newest frame or since ever."""
        with self._condition:
            last = None if self._newest is None else self._newest.stamp
        descriptors, depth = self._last_descriptors, self._depths.newest
        if descriptors in (None, last):
            return "no descriptor image has arrived (is descriptor_node running, does the camera send colour?)"
        if depth is None or depth < descriptors:  # both come from one image, and depth comes first
            return "descriptor images arrive but no depth image has"
        return (
            f"stamps of descriptor images (newest {descriptors} ns) and depth images (newest {depth} ns) "
            "never meet, expected exactly equal stamps (set enable_sync and align_depth on the camera)"
        )

    def _complete(self, descriptors: DescriptorImage, depth: Image) -> Frame:
        stamp = stamp_ns(descriptors.header.stamp)
        frame = Frame(descriptors, depth, self._colours.get(stamp))
        with self._condition:
            self._newest = frame
            self._condition.notify_all()
        return frame
