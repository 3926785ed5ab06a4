"""Pictures of the camera on an arm that stands still: colour, aligned depth and camera_info of one stamp, and where the
camera was at that stamp.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
from dense_grasp_core.cameras.record import AS_CAMERA_INFO_SAYS
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.posed_picture import PosedPicture, undistorted
from dense_grasp_ros.images import depth_from_message, rgb_from_message
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.perception.camera_pose import Lookup, base_from
from dense_grasp.perception.freshness import ahead_message, stamp_tolerance
from dense_grasp.perception.lens_model import meant_info
from dense_grasp.perception.messages import NANOSECONDS, camera_from_info, check_belongs, stamp_ns
from dense_grasp.perception.stamps import StampCache
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_for_value

_KEPT = 10  # messages of each stream


class StillCamera:
    """A context manager: it listens to the images while it is open, so a node that scans nothing takes none.

    topics: of colour, depth and camera_info. lookup(base, frame, time) gives a TransformStamped or raises. timeout: s
    that a picture is waited for; wall_factor: see Deadline. lens_model, sync_tolerance: see the parameters of these
    names.
    """

    def __init__(
        self,
        node: Node,
        topics: tuple[str, str, str],
        base_frame: str,
        lookup: Lookup,
        *,
        timeout: float,
        wall_factor: float,
        lens_model: str = AS_CAMERA_INFO_SAYS,
        sync_tolerance: float = 0.0,
        callback_group: CallbackGroup | None = None,
    ):
        self._node = node
        self._topics = topics
        self._base_frame = base_frame
        self._lookup = lookup
        self._timeout, self._wall_factor = timeout, wall_factor
        self._lens_model = lens_model
        self._sync_tolerance = round(sync_tolerance * NANOSECONDS)
        self._group = callback_group
        self._caches: tuple[StampCache, ...] = tuple(StampCache(_KEPT) for _ in topics)
        self._subscriptions: list = []
        #: of the newest picture; empty before it
        self.frame = ""

    def __enter__(self) -> StillCamera:
        self._subscriptions = [
            self._node.create_subscription(
                kind, topic, partial(_keep, cache), qos_profile_sensor_data, callback_group=self._group
            )
            for kind, topic, cache in zip((Image, Image, CameraInfo), self._topics, self._caches, strict=True)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())
        for cache in self._caches:
            cache.clear()

    def look(self, stop: StopCheck | None = None) -> PosedPicture:
        """The first whole picture that is stamped after this call. Raises GraspFailure PERCEPTION_UNAVAILABLE with the
        stream that is missing, or what is wrong with the picture; Canceled.
        """
        clock = self._node.get_clock()
        after = clock.now().nanoseconds
        deadline = Deadline(self._timeout, clock, self._wall_factor)

        def whole() -> tuple[Image, Image, CameraInfo] | None:
            colour, depth, info = self._caches
            for stamp in colour.stamps:
                if stamp > after:
                    near = self._sync_tolerance
                    messages = (colour.get(stamp), depth.get(stamp, near), info.get(stamp, near))
                    if None not in messages:
                        return messages
            return None

        found = wait_for_value(whole, deadline, stop)
        if found is None:
            raise GraspFailure(ScanCode.PERCEPTION_UNAVAILABLE, self._missing(after))
        colour, depth, info = found
        stamp, tolerance = stamp_ns(colour.header.stamp), stamp_tolerance(clock)
        ahead = stamp - clock.now().nanoseconds
        if ahead > tolerance * NANOSECONDS:
            raise GraspFailure(ScanCode.PERCEPTION_UNAVAILABLE, ahead_message(ahead, tolerance))
        try:
            info = meant_info(info, self._lens_model)
            camera = camera_from_info(info)
            check_belongs(colour, info, camera, tolerance=self._sync_tolerance)
            check_belongs(depth, info, camera, "depth image", self._sync_tolerance)
            rgb, metres = rgb_from_message(colour), np.nan_to_num(depth_from_message(depth).astype(float))
        except DenseGraspError as error:
            raise GraspFailure(ScanCode.PERCEPTION_UNAVAILABLE, str(error)) from error
        self.frame = colour.header.frame_id
        base_from_camera = base_from(
            self._lookup, self._base_frame, colour.header.frame_id, colour.header.stamp, deadline, stop
        )
        return undistorted(PosedPicture(rgb, metres, camera, base_from_camera, stamp))

    def _missing(self, after: int) -> str:
        newest = {topic: cache.newest for topic, cache in zip(self._topics, self._caches, strict=True)}
        late = [topic for topic, stamp in newest.items() if stamp is None or stamp <= after]
        if late:
            return (
                f"no image stamped after the arm was at rest came on {', '.join(late)} within {self._timeout} s: is "
                "the camera plugged in and its driver running?"
            )
        return (
            f"images on {', '.join(newest)} came within {self._timeout} s, but none of one stamp, expected equal "
            "stamps (ros2 run dense_grasp check_cell says what to set on the camera)"
        )


def _keep(cache: StampCache, message: Any) -> None:
    cache.put(stamp_ns(message.header.stamp), message)
