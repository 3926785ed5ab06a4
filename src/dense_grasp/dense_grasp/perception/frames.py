"""Descriptors, aligned depth, colour and camera_info of one stamp, kept together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, MatchingError, features_from_bytes
from dense_grasp_ros.images import MessageError, depth_from_message, rgb_from_message
from sensor_msgs.msg import Image

from dense_grasp.perception.messages import NANOSECONDS, camera_from_info, check_belongs, stamp_ns
from dense_grasp.perception.stamps import StampCache
from dense_grasp_interfaces.msg import DescriptorImage


def features_from_message(message: DescriptorImage) -> np.ndarray:
    """Descriptors as (h, w, D) float32. Raises MessageError for another dtype or a size that does not add up."""
    try:
        shape = (message.height, message.width, message.channels)
        features = features_from_bytes(message.data, shape, message.dtype)
    except MatchingError as error:
        raise MessageError(str(error)) from error
    if not message.stride > 0.0:
        raise MessageError(f"descriptor image has stride {message.stride}, expected a number above 0")
    return features.astype(np.float32)


class CameraFrame:
    """One image of the camera with everything that belongs to its stamp. Decodes on first use.

    stamp: ns. header: of the image, its frame_id is the optical frame. colour: None when it was dropped on the way.
    ahead: ns that the stamp lay ahead of this node's clock when the depth image came, negative when behind.
    tolerance: ns that depth's stamp may be from the others'.
    """

    def __init__(
        self, descriptors: DescriptorImage, depth: Image, colour: Image | None, ahead: int = 0, tolerance: int = 0
    ):
        self.header = descriptors.header
        self.stamp = stamp_ns(descriptors.header.stamp)
        self.ahead = ahead
        self._tolerance = tolerance
        self.model_id: str = descriptors.model_id
        self.network: str = descriptors.network
        self.info = descriptors.camera_info
        self._descriptors = descriptors
        self._depth = depth
        self._colour = colour

    @cached_property
    def camera(self) -> CameraModel:
        """Model of the camera; raises CameraError, MessageError."""
        if self.info.header != self.header:
            raise MessageError(
                f"descriptor image is of stamp {self.stamp} ns in frame '{self.header.frame_id}', its camera_info of "
                f"{stamp_ns(self.info.header.stamp)} ns in '{self.info.header.frame_id}', expected the same"
            )
        return camera_from_info(self.info)

    @cached_property
    def grid(self) -> DescriptorGrid:
        """The descriptors, ready for queries; raises CameraError, MessageError."""
        camera = self.camera
        features = features_from_message(self._descriptors)
        return DescriptorGrid.from_array(features, self._descriptors.stride, (camera.height, camera.width))

    @cached_property
    def depth(self) -> np.ndarray:
        """(H, W) float32 metres, NaN where nothing was measured; raises CameraError, MessageError."""
        check_belongs(self._depth, self.info, self.camera, "depth image", self._tolerance)
        return depth_from_message(self._depth)

    @property
    def has_colour(self) -> bool:
        """Whether the colour image of this stamp was received."""
        return self._colour is not None

    def add_colour(self, message: Image) -> None:
        """The colour image of this stamp, which came last."""
        self._colour = message

    @property
    def rgb(self) -> np.ndarray | None:
        """(H, W, 3) uint8, None when no colour image of this stamp was received; raises CameraError, MessageError."""
        return None if self._colour is None else self._decoded_colour

    @cached_property
    def _decoded_colour(self) -> np.ndarray:
        assert self._colour is not None
        check_belongs(self._colour, self.info, self.camera)
        return rgb_from_message(self._colour)


class FrameSync:
    """Joins the three streams by stamp and holds the newest whole frame. Safe to use from several threads."""

    def __init__(self, size: int, now: Callable[[], int] | None = None, tolerance: int = 0):
        """size: messages kept of each stream. now: the node's clock, ns; None: stamps are not compared with it.

        tolerance: ns between the stamps of a colour and a depth image of one frame, less than half a period.
        """
        self._now = now
        self._tolerance = tolerance
        self._depths: StampCache[tuple[Image, int]] = StampCache(size)
        self._colours: StampCache[Image] = StampCache(size)
        self._waiting: StampCache[DescriptorImage] = StampCache(size)
        self._condition = threading.Condition()
        self._newest: CameraFrame | None = None
        self._closed = False
        self._last_descriptors: int | None = None
        self._last_frame: int | None = None
        self._described_by = ""

    @property
    def newest(self) -> CameraFrame | None:
        """The frame that was completed last."""
        with self._condition:
            return self._newest

    @property
    def last_stamp(self) -> int | None:
        """Of the frame that was completed last, ns, also when it was forgotten at `rest`; None before one was."""
        with self._condition:
            return self._last_frame

    @property
    def described_by(self) -> str:
        """Id of the network that described the image that came last, "" before one came."""
        return self._described_by

    def put_colour(self, message: Image) -> None:
        """Colour is optional for a frame: it never completes one, and one that is late is added to its frame."""
        stamp = stamp_ns(message.header.stamp)
        with self._condition:
            self._colours.put(stamp, message)
            if self._newest is not None and self._newest.stamp == stamp:
                self._newest.add_colour(message)
                self._condition.notify_all()

    def put_depth(self, message: Image, waited: float = 0.0) -> CameraFrame | None:
        """Returns the frame that this depth image, which came `waited` s ago, completes, if any."""
        stamp = stamp_ns(message.header.stamp)
        depth = message, 0 if self._now is None else stamp - self._now() + round(waited * NANOSECONDS)
        self._depths.put(stamp, depth)
        descriptors = self._waiting.get(stamp, self._tolerance)
        return None if descriptors is None else self._complete(descriptors, *depth)

    def put_descriptors(self, message: DescriptorImage) -> CameraFrame | None:
        """Returns the frame that these descriptors complete, if any."""
        stamp = stamp_ns(message.header.stamp)
        self._last_descriptors, self._described_by = stamp, message.model_id
        depth = self._depths.get(stamp, self._tolerance)
        if depth is None:
            self._waiting.put(stamp, message)
            return None
        return self._complete(message, *depth)

    def wait(self, good: Callable[[CameraFrame], bool], timeout: float) -> CameraFrame | None:
        """The newest frame as soon as `good` says yes to it; None after `timeout` s of wall clock."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or (self._newest is not None and good(self._newest)), timeout)
            return self._newest if self._newest is not None and good(self._newest) else None

    def close(self) -> None:
        """Let nobody wait any more: the node ends."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def reset(self) -> None:
        """Forget every frame: the clock jumped and stamps of before mean nothing now."""
        for cache in (self._depths, self._colours, self._waiting):
            cache.clear()
        with self._condition:
            self._newest = None
            self._last_descriptors = self._last_frame = None

    def rest(self) -> None:
        """Forget every frame, but not which network described them: the streams are not heard for a while."""
        last = self.last_stamp
        self.reset()
        with self._condition:
            self._last_frame = last

    def why_empty(self) -> str:
        """A sentence that tells an operator which stream is missing, since the newest frame or since ever."""
        with self._condition:
            last = None if self._newest is None else self._newest.stamp
        descriptors, depth = self._last_descriptors, self._depths.newest
        if descriptors in (None, last):
            return "no descriptor image has arrived (is descriptor_node running, does the camera send colour?)"
        if depth is None or depth < descriptors - self._tolerance:  # both come from one image, and depth comes first
            return "descriptor images arrive but no depth image has"
        expected = f"stamps within {self._tolerance / 1e6:g} ms" if self._tolerance else "exactly equal stamps"
        return (
            f"stamps of descriptor images (newest {descriptors} ns) and depth images (newest {depth} ns) "
            f"never meet, expected {expected} (ros2 run dense_grasp check_cell says what to set on the camera; "
            "for a camera whose stamps differ, sync_tolerance)"
        )

    def _complete(self, descriptors: DescriptorImage, depth: Image, ahead: int) -> CameraFrame:
        stamp = stamp_ns(descriptors.header.stamp)
        with self._condition:
            frame = CameraFrame(descriptors, depth, self._colours.get(stamp), ahead, self._tolerance)
            self._newest, self._last_frame = frame, stamp
            self._condition.notify_all()
        return frame
