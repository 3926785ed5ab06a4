"""Node: recorded RGB-D on the topics of the real camera, in an endless loop.

source 'motorcycle' is the photograph pair that scikit-image carries (parameter `side`: left or right, can be set
while running); any other source is a folder, see `replay_source.load_folder`.
"""

from __future__ import annotations

import sys

import rclpy
from dense_grasp_core.errors import DenseGraspError
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import StaticTransformBroadcaster

from dense_grasp_sim.messages import camera_info_message, image_message
from dense_grasp_sim.replay_source import (
    SIDES,
    Recording,
    StereoPair,
    load_folder,
    load_motorcycle,
    motorcycle_recording,
)

# x of a camera link points forward, z of an optical frame does (REP 103).
LINK_FROM_OPTICAL_XYZW = (-0.5, 0.5, -0.5, 0.5)
IMAGE_QOS = QoSProfile(depth=2)


class ReplayCamera(Node):
    """Publishes colour, aligned depth and camera_info of a recording with equal stamps.

    Raises ReplayError at construction when the source cannot be played.
    """

    def __init__(self, **node_arguments):
        super().__init__("replay_camera", **node_arguments)
        source = self.declare_parameter("source", "motorcycle").value
        rate = float(self.declare_parameter("rate", 5.0).value)
        side = self.declare_parameter("side", "left").value
        color_topic = self.declare_parameter("color_topic", "/camera/camera/color/image_raw").value
        depth_topic = self.declare_parameter("depth_topic", "/camera/camera/aligned_depth_to_color/image_raw").value
        info_topic = self.declare_parameter("camera_info_topic", "/camera/camera/color/camera_info").value
        self._optical_frame = self.declare_parameter("optical_frame", "camera_color_optical_frame").value
        self._link_frame = self.declare_parameter("link_frame", "camera_link").value
        if not rate > 0.0:
            raise DenseGraspError(f"parameter 'rate' is {rate}, expected a number above 0 Hz")

        self._pair: StereoPair | None = load_motorcycle() if source == "motorcycle" else None
        self._recording: Recording = (
            motorcycle_recording(side, self._pair) if self._pair is not None else load_folder(source)
        )
        self._next = 0
        self._color = self.create_publisher(Image, color_topic, IMAGE_QOS)
        self._depth = self.create_publisher(Image, depth_topic, IMAGE_QOS)
        self._info = self.create_publisher(CameraInfo, info_topic, IMAGE_QOS)
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(self._link_from_optical())
        self.add_on_set_parameters_callback(self._on_parameters)
        # wall clock: a recording plays on when nobody publishes /clock
        self._timer = self.create_timer(1.0 / rate, self._publish, clock=Clock())
        camera = self._recording.camera
        self.get_logger().info(
            f"{len(self._recording.frames)} frames of {camera.width}x{camera.height} px from {source} at {rate:g} Hz"
        )

    def _link_from_optical(self) -> TransformStamped:
        message = TransformStamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = self._link_frame
        message.child_frame_id = self._optical_frame
        rotation = message.transform.rotation
        rotation.x, rotation.y, rotation.z, rotation.w = LINK_FROM_OPTICAL_XYZW
        return message

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name == "side":
                if parameter.value not in SIDES:
                    reason = f"parameter 'side' is '{parameter.value}', expected one of {', '.join(SIDES)}"
                    return SetParametersResult(successful=False, reason=reason)
                if self._pair is not None:
                    self._recording = motorcycle_recording(parameter.value, self._pair)
                    self._next = 0
            elif parameter.name != "use_sim_time":
                return SetParametersResult(successful=False, reason=f"'{parameter.name}' is read at start only")
        return SetParametersResult(successful=True)

    def _publish(self) -> None:
        recording = self._recording
        frame = recording.frames[self._next % len(recording.frames)]
        self._next += 1
        stamp = self.get_clock().now().to_msg()
        self._info.publish(camera_info_message(recording.camera, stamp, self._optical_frame))
        self._depth.publish(image_message(frame.depth_mm, "16UC1", stamp, self._optical_frame))
        self._color.publish(image_message(frame.rgb, "rgb8", stamp, self._optical_frame))


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 1 when the source cannot be played."""
    rclpy.init(args=arguments)
    try:
        rclpy.spin(ReplayCamera())
    except DenseGraspError as error:
        print(f"replay_camera: {error}", file=sys.stderr, flush=True)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
