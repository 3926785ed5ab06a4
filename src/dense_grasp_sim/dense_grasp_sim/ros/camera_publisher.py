"""Publishes what the cell's cameras see: rendered in a thread of its own, and only while somebody subscribes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp_sim.devices.camera import OVERVIEW, WRIST, CameraPicture, CellRenderer
from dense_grasp_sim.devices.d435 import imitate
from dense_grasp_sim.physics.simulator import Simulator, Snapshot
from dense_grasp_sim.physics.threads import LoopThread
from dense_grasp_sim.ros.messages import camera_info_message, image_message, to_time
from dense_grasp_sim.world.cell_model import OVERVIEW_INTRINSICS, WRIST_INTRINSICS

STAMP_FAULT = 0.007  # s between colour and depth with the fault stamps_apart
AHEAD_FAULT = 0.8  # s between every stamp and the clock with the fault stamps_ahead

#: Encodings that drivers send, of an RGB picture (H, W, 3) uint8.
_COLOURS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rgb8": lambda rgb: rgb,
    "bgr8": lambda rgb: rgb[..., ::-1],
    "rgba8": lambda rgb: np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]),
    "bgra8": lambda rgb: np.dstack([rgb[..., ::-1], np.full(rgb.shape[:2], 255, np.uint8)]),
}


@dataclasses.dataclass(frozen=True)
class CameraOptions:
    """Rates in Hz of simulated time, names and encodings, and whether depth is imitated or exact."""

    color_topic: str
    camera_info_topic: str
    depth_topic: str
    optical_frame: str
    color_encoding: str = "rgb8"
    depth_encoding: str = "16UC1"

    rate: float = 5.0
    overview_rate: float = 5.0
    noise: bool = True
    seed: int = 0
    wrist_shadows: bool = False
    overview_shadows: bool = False


class CameraLoop(LoopThread):
    """Renders and publishes the wrist camera and the overview."""

    def __init__(
        self,
        node: Node,
        simulator: Simulator,
        options: CameraOptions,
        fault: Callable[[], str],
        on_error: Callable[[BaseException], None],
    ) -> None:
        super().__init__("camera", on_error)
        self._simulator, self._options, self._fault = simulator, options, fault
        self._rng = np.random.default_rng(options.seed)
        self._next_wrist = self._next_overview = 0.0
        sensor = qos_profile_sensor_data
        depth_info = f"{options.depth_topic.rpartition('/')[0]}/camera_info"
        self._colour = node.create_publisher(Image, options.color_topic, sensor)
        self._depth = node.create_publisher(Image, options.depth_topic, sensor)
        self._info = node.create_publisher(CameraInfo, options.camera_info_topic, sensor)
        self._depth_info = node.create_publisher(CameraInfo, depth_info, sensor)
        self._overview = node.create_publisher(Image, "dense_grasp_sim/overview/image_raw", sensor)
        self._overview_info = node.create_publisher(CameraInfo, "dense_grasp_sim/overview/camera_info", sensor)

    def set_rate(self, rate: float) -> None:
        """Of the wrist camera from now on, Hz of simulated time; 0 for none."""
        now = self._simulator.time
        due = _next(now, now, rate)
        self._options = dataclasses.replace(self._options, rate=rate)
        self._next_wrist = due if rate <= 0.0 else min(due, self._next_wrist)

    def begin(self) -> None:
        """Open the OpenGL context in this thread."""
        self._renderer = CellRenderer()

    def end(self) -> None:
        """Close it."""
        self._renderer.close()

    def turn(self) -> None:
        """Render what is due and wanted."""
        now = self._simulator.time
        worked = False
        if now >= self._next_wrist:
            self._next_wrist = _next(self._next_wrist, now, self._options.rate)
            worked = self._wrist_turn()
        if now >= self._next_overview:
            self._next_overview = _next(self._next_overview, now, self._options.overview_rate)
            if self._overview.get_subscription_count():
                self._publish_overview(self._simulator.snapshot())
                worked = True
        if not worked:
            time.sleep(0.004)

    def _wrist_turn(self) -> bool:
        if self._fault() == "camera_unplugged":
            return False
        pictures = self._colour.get_subscription_count() + self._depth.get_subscription_count()
        infos = self._info.get_subscription_count() + self._depth_info.get_subscription_count()
        if not pictures and not infos:
            return False
        snapshot = self._simulator.snapshot()
        stamp, frame = to_time(self._stamp(snapshot.time)), self._options.optical_frame
        picture = None
        if pictures:
            picture = self._renderer.render(snapshot, dataclasses.replace(WRIST, shadows=self._options.wrist_shadows))
        if infos:
            info = camera_info_message(WRIST_INTRINSICS, stamp, frame)
            self._info.publish(info)
            self._depth_info.publish(info)
        if picture is not None:
            self._publish_pictures(picture)
        return picture is not None

    def _publish_pictures(self, picture: CameraPicture) -> None:
        fault, frame = self._fault(), self._options.optical_frame
        stamp = to_time(self._stamp(picture.time))
        encoding = self._options.color_encoding
        pixels = np.ascontiguousarray(_COLOURS[encoding](picture.rgb))
        self._colour.publish(image_message(pixels, "bogus8" if fault == "wrong_encoding" else encoding, stamp, frame))
        if fault == "no_depth" or not self._depth.get_subscription_count():
            return
        if fault == "stamps_apart":
            stamp = to_time(picture.time + STAMP_FAULT)
        if fault == "nan_depth":
            nothing = np.full(picture.depth.shape, np.nan, dtype=np.float32)
            self._depth.publish(image_message(nothing, "32FC1", stamp, frame))
            return
        depth = self._measured(picture)
        if fault == "zero_depth":
            depth = np.zeros_like(depth)
        if fault == "depth_in_tenths":
            depth = np.minimum(depth.astype(np.uint32) * 10, np.iinfo(np.uint16).max).astype(np.uint16)
        if fault == "wrong_size":
            depth = np.ascontiguousarray(depth[::2, ::2])
        if self._options.depth_encoding == "32FC1":
            depth = depth.astype(np.float32) / np.float32(1000.0)
        self._depth.publish(image_message(depth, self._options.depth_encoding, stamp, frame))

    def _stamp(self, seconds: float) -> float:
        return seconds + AHEAD_FAULT if self._fault() == "stamps_ahead" else seconds

    def _measured(self, picture: CameraPicture) -> np.ndarray:
        if self._options.noise:
            return imitate(picture.depth, self._rng)
        exact = np.where((picture.depth > 0.1) & (picture.depth < 10.0), picture.depth, 0.0)
        return np.round(exact * 1000.0).astype(np.uint16)

    def _publish_overview(self, snapshot: Snapshot) -> None:
        view = dataclasses.replace(OVERVIEW, shadows=self._options.overview_shadows)
        picture = self._renderer.render(snapshot, view)
        stamp = to_time(picture.time)
        self._overview.publish(image_message(picture.rgb, "rgb8", stamp, "overview_optical_frame"))
        self._overview_info.publish(camera_info_message(OVERVIEW_INTRINSICS, stamp, "overview_optical_frame"))


def _next(last: float, now: float, rate: float) -> float:
    """Next due time after `now`; missed frames are not made up for. A rate of 0 turns the camera off."""
    if rate <= 0.0:
        return float("inf")
    return last + 1.0 / rate if last + 1.0 / rate > now else now + 1.0 / rate
