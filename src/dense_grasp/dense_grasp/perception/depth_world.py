"""Depth images kept by stamp, as surface points in the robot's base frame.

Depth is subscribed to while somebody needs it: a camera that nobody else looks through need not send it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
from dense_grasp_core.cameras.record import AS_CAMERA_INFO_SAYS
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_ros.demand import Demand
from dense_grasp_ros.images import depth_from_message
from dense_grasp_ros.topic_on_demand import TopicOnDemand
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.perception.camera_pose import Lookup, base_from
from dense_grasp.perception.freshness import ahead_message, stamp_tolerance
from dense_grasp.perception.lens_model import meant_info
from dense_grasp.perception.messages import NANOSECONDS, camera_from_info, check_belongs, stamp_ns
from dense_grasp.perception.stamps import StampCache
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_for_value

DEPTHS_KEPT = 40
#: s of wall clock that depth is still heard after somebody needed it, and between two looks whether it is over.
HEARD_AFTER, LOOK_PERIOD = 1.0, 0.5
MAX_RANGE = 2.0


class DepthWorld:
    """What the depth camera saw at a stamp. `lookup(base, frame, time)` gives a TransformStamped or raises."""

    def __init__(
        self,
        node: Node,
        depth_topic: str,
        info_topic: str,
        base_frame: str,
        lookup: Lookup,
        *,
        timeout: float = 2.0,
        wall_factor: float = 5.0,
        step: int = 4,
        lens_model: str = AS_CAMERA_INFO_SAYS,
        sync_tolerance: float = 0.0,
        callback_group: CallbackGroup | None = None,
    ):
        """lens_model, sync_tolerance: see the parameters of these names; timeout: s of the node's clock."""
        self._clock = node.get_clock()
        self._topics = f"{depth_topic}, {info_topic}"
        self._base_frame = base_frame
        self._lookup = lookup
        self._timeout = timeout
        self._wall_factor = wall_factor
        self._step = step
        self._lens_model = lens_model
        self._sync_tolerance = round(sync_tolerance * NANOSECONDS)
        self._depths: StampCache[tuple[Image, int]] = StampCache(DEPTHS_KEPT)
        self._infos: StampCache[CameraInfo] = StampCache(DEPTHS_KEPT)
        group, qos = callback_group, qos_profile_sensor_data
        node.create_subscription(CameraInfo, info_topic, self._on_info, qos, callback_group=group)
        self._guard = node.create_guard_condition(lambda: self._images.adapt())
        self._demand = Demand(self._guard.trigger, HEARD_AFTER)
        self._images = TopicOnDemand(
            node,
            Image,
            depth_topic,
            self._on_depth,
            lambda: self._demand.is_wanted,
            self._depths.clear,
            qos,
            callback_group=group,
        )
        self._looks = node.create_timer(LOOK_PERIOD, self._images.adapt, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def needed(self) -> AbstractContextManager[None]:
        """Depth is heard while inside and HEARD_AFTER s longer. Enter before what `points` is asked of is seen."""
        return self._demand.needed()

    def forget(self) -> None:
        """Drops what was seen, after a clock that jumped back."""
        self._depths.clear()
        self._infos.clear()

    def _on_depth(self, message: Image) -> None:
        stamp = stamp_ns(message.header.stamp)
        self._depths.put(stamp, (message, stamp - self._clock.now().nanoseconds))

    def _on_info(self, message: CameraInfo) -> None:
        self._infos.put(stamp_ns(message.header.stamp), meant_info(message, self._lens_model))

    def _seen(self, stamp: int) -> tuple[Image, int, CameraInfo] | None:
        """A depth image of the stamp or later, what its stamp was ahead by, and the camera_info of its stamp."""
        tolerance = self._sync_tolerance
        later = [other for other in reversed(self._depths.stamps) if other > stamp - tolerance]
        for candidate in (stamp, *later):
            depth, info = self._depths.get(candidate), self._infos.get(candidate, tolerance)
            if depth is not None and info is not None:
                return *depth, info
        return None

    def _missing(self, stamp: int) -> str:
        newest_depth, newest_info = self._depths.newest, self._infos.newest
        newest = f"newest depth image {newest_depth or 'none'}, newest camera_info {newest_info or 'none'}"
        if newest_depth is not None and newest_depth >= stamp:
            return f"no camera_info of a depth image's stamp came, expected exactly equal stamps ({newest})"
        return f"no depth image of stamp {stamp} ns or later came ({newest})"

    def points(self, stamp: int, stop: StopCheck | None = None) -> np.ndarray:
        """Surface points (N, 3) m in the base frame, of every `step`-th pixel, seen at the stamp (ns) or after it.

        A later image serves as well because the arm stands still: one that was lost on the way is not waited for.
        Raises GraspFailure 100 + NO_FRAME, NO_DEPTH, STAMP_AHEAD or NO_TF, and Canceled.
        """
        deadline = Deadline(self._timeout, self._clock, self._wall_factor)
        depth, info = self._image(stamp, deadline, stop)
        try:
            camera = camera_from_info(info)
            check_belongs(depth, info, camera, "depth image", self._sync_tolerance)
            points_camera = surface_points(depth_from_message(depth), camera, self._step)
        except DenseGraspError as error:
            raise GraspFailure(GraspCode.PERCEPTION + MatchCode.NO_DEPTH, str(error)) from error
        return transform(self._base_from(depth, deadline, stop), points_camera)

    def base_from_camera(self, stamp: int, stop: StopCheck | None = None) -> np.ndarray:
        """(4, 4) of the optical frame of a depth image of the stamp (ns) or after it. Raises as `points`."""
        deadline = Deadline(self._timeout, self._clock, self._wall_factor)
        return self._base_from(self._image(stamp, deadline, stop)[0], deadline, stop)

    def _base_from(self, depth: Image, deadline: Deadline, stop: StopCheck | None) -> np.ndarray:
        header = depth.header
        return base_from(self._lookup, self._base_frame, header.frame_id, header.stamp, deadline, stop)

    def _image(self, stamp: int, deadline: Deadline, stop: StopCheck | None) -> tuple[Image, CameraInfo]:
        with self.needed():
            seen = wait_for_value(lambda: self._seen(stamp), deadline, stop)
        if seen is None:
            raise GraspFailure(
                GraspCode.PERCEPTION + MatchCode.NO_FRAME,
                f"{self._missing(stamp)} within {self._timeout} s on {self._topics}",
            )
        depth, ahead, info = seen
        tolerance = stamp_tolerance(self._clock)
        if ahead > tolerance * NANOSECONDS:
            raise GraspFailure(GraspCode.PERCEPTION + MatchCode.STAMP_AHEAD, ahead_message(ahead, tolerance))
        return depth, info


def surface_points(depth: np.ndarray, camera: CameraModel, step: int) -> np.ndarray:
    """Points (N, 3) m in the optical frame of every `step`-th pixel of a depth image (H, W) in m with a valid depth."""
    v, u = np.mgrid[0 : depth.shape[0] : step, 0 : depth.shape[1] : step]
    values = depth[v, u].ravel()
    valid = np.isfinite(values) & (values > 0.0) & (values < MAX_RANGE)
    pixels = np.stack([u.ravel()[valid], v.ravel()[valid]], axis=1).astype(float)
    return camera.deproject(pixels, values[valid].astype(float))
