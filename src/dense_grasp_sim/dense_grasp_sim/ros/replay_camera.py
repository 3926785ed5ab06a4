"""Node: recorded RGB-D on the topics of the real camera, in an endless loop.

source 'motorcycle' is the photograph pair that scikit-image carries (parameter `side`: left or right, can be set
while running); any other source is a folder, see `replay_source.load_folder`.
"""

from __future__ import annotations

import sys
from typing import Any

from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.diagnostics import OK, Diagnostics, Rate, Report
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.shared_parameters import camera_link, optical_frame
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import StaticTransformBroadcaster

from dense_grasp_sim.devices.replay_source import (
    Recording,
    ReplayError,
    StereoPair,
    load_folder,
    load_motorcycle,
    motorcycle_recording,
)
from dense_grasp_sim.ros.messages import camera_info_message, image_message
from dense_grasp_sim.ros.sim_parameters import REPLAY_CAMERA

# x of a camera link points forward, z of an optical frame does (REP 103).
LINK_FROM_OPTICAL_XYZW = (-0.5, 0.5, -0.5, 0.5)
IMAGE_QOS = QoSProfile(depth=2)


class ReplayCamera(Node):
    """Publishes colour, aligned depth and camera_info of a recording with equal stamps.

    Raises ParameterError at construction when the source cannot be played.
    """

    def __init__(self, **node_arguments):
        super().__init__("replay_camera", **node_arguments)
        values = declare_with_camera(self, REPLAY_CAMERA, self._change)
        source, rate = values["source"], values["rate"]
        self._optical_frame = optical_frame(values)
        self._link_frame = camera_link({**values, "child": values["link_frame"]})

        self._pair: StereoPair | None = load_motorcycle() if source == "motorcycle" else None
        self._recording = self._load(source, values["side"])
        self._next = 0
        self._color = self.create_publisher(Image, values["color_topic"], IMAGE_QOS)
        self._depth = self.create_publisher(Image, values["depth_topic"], IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, values["camera_info_topic"], IMAGE_QOS)
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(self._link_from_optical())
        # wall clock: a recording plays on when nobody publishes /clock
        self._timer = self.create_timer(1.0 / rate, self._publish, clock=Clock())
        camera = self._recording.camera
        self._rate = Rate()
        self._diagnostics = Diagnostics(self, "recording", {"images": lambda: self._report(source)})
        self.get_logger().info(
            f"{len(self._recording.frames)} frames of {camera.width}x{camera.height} px from {source} at {rate:g} Hz"
        )

    def _load(self, source: str, side: str) -> Recording:
        if self._pair is not None:
            return motorcycle_recording(side, self._pair)
        try:
            return load_folder(source)
        except ReplayError as error:
            raise ParameterError("source", source, f"motorcycle or a folder of recordings: {error}") from error

    def _link_from_optical(self) -> TransformStamped:
        message = TransformStamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = self._link_frame
        message.child_frame_id = self._optical_frame
        rotation = message.transform.rotation
        rotation.x, rotation.y, rotation.z, rotation.w = LINK_FROM_OPTICAL_XYZW
        return message

    def _change(self, changes: dict[str, Any]) -> None:
        if self._pair is not None:
            self._recording = motorcycle_recording(changes["side"], self._pair)
            self._next = 0

    def _report(self, source: str) -> Report:
        hz, age = self._rate.read()
        frames = len(self._recording.frames)
        return Report(OK, f"plays {source} at {hz:.1f} Hz", {"rate_hz": hz, "age_s": age, "frames": frames})

    def _publish(self) -> None:
        recording = self._recording
        frame = recording.frames[self._next % len(recording.frames)]
        self._next += 1
        self._rate.note()
        stamp = self.get_clock().now().to_msg()
        self._info.publish(camera_info_message(recording.camera, stamp, self._optical_frame))
        self._depth.publish(image_message(frame.depth_mm, "16UC1", stamp, self._optical_frame))
        self._color.publish(image_message(frame.rgb, "rgb8", stamp, self._optical_frame))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when a parameter cannot be used or the source cannot be played."""
    return run_node("replay_camera", ReplayCamera, arguments)


if __name__ == "__main__":
    sys.exit(main())
