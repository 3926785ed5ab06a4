"""Camera, descriptor_node and TF of one query_node, played for its tests: each cell has a descriptor of its own."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Duration
from builtin_interfaces.msg import Time as TimeMessage
from dense_grasp_ros.images import byte_array, image_message
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, ClockType
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster

from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_interfaces.srv import LocateKeypoints, RegisterDescriptor

WIDTH, HEIGHT, STRIDE, CELLS = 64, 48, 8, 48
SCORES = {"temperature": -1.0, "found_threshold": 0.5, "ambiguity_ratio": 0.9}
BEST_EFFORT = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)


def cell_centre(cell: int) -> tuple[float, float]:
    return (cell % 8 + 0.5) * STRIDE - 0.5, (cell // 8 + 0.5) * STRIDE - 0.5


class Cell:
    """Plays camera, descriptor_node and the robot's TF for one query_node."""

    def __init__(self, graph):
        node = graph.node
        self._graph = graph
        self._clock = Clock(clock_type=ClockType.SYSTEM_TIME)
        self._colour = node.create_publisher(Image, "/camera/camera/color/image_raw", 2)
        self._depth = node.create_publisher(Image, "/camera/camera/aligned_depth_to_color/image_raw", 2)
        self._descriptors = node.create_publisher(DescriptorImage, "/dense_grasp/descriptors", BEST_EFFORT)
        self._broadcaster = StaticTransformBroadcaster(node)
        self._timer = None

    def publish_transform(self):
        """The camera 0.6 m above (0.5, 0, 0), looking down, image top away from the base."""
        message = TransformStamped(child_frame_id="optical")
        message.header.frame_id = "fr3_link0"
        translation, rotation = message.transform.translation, message.transform.rotation
        translation.x, translation.z = 0.5, 0.6
        rotation.x, rotation.y, rotation.z, rotation.w = math.sqrt(0.5), -math.sqrt(0.5), 0.0, 0.0
        self._broadcaster.sendTransform(message)

    def send(
        self,
        model_id="m",
        depth=None,
        depth_offset_ns=0,
        age=0.0,
        stamp=None,
        twin=False,
        with_depth=True,
        with_colour=True,
        colour=None,
        features=None,
    ):
        """features (h, w, D): another picture's than the 6 x 8 cells of which each has a descriptor of its own."""
        if stamp is None:
            stamp = (self._clock.now().nanoseconds) - int(age * 1e9)
        header = Header(frame_id="optical")
        header.stamp = TimeMessage(sec=stamp // 10**9, nanosec=stamp % 10**9)
        if features is None:
            features = np.eye(CELLS, dtype=np.float32)
            if twin:
                features[38] = features[9] * 0.99 + features[38] * 0.01
            features = features.reshape(6, 8, CELLS)
        rows, columns, channels = features.shape
        height, width = rows * STRIDE, columns * STRIDE
        message = DescriptorImage(header=header, dtype="float16", stride=float(STRIDE), model_id=model_id)
        message.height, message.width, message.channels = rows, columns, channels
        message.data = byte_array(features.astype("<f2"))
        info = CameraInfo(header=header, width=width, height=height, distortion_model="plumb_bob")
        info.k = [100.0, 0.0, (width - 1) / 2, 0.0, 100.0, (height - 1) / 2, 0.0, 0.0, 1.0]
        message.camera_info = info
        depth = np.full((height, width), 500, np.uint16) if depth is None else depth
        encoding = {"uint16": "16UC1", "float32": "32FC1", "uint8": "mono8"}[str(depth.dtype)]
        other = stamp + depth_offset_ns
        depth_header = Header(frame_id="optical", stamp=TimeMessage(sec=other // 10**9, nanosec=other % 10**9))
        colour = np.full((height, width, 3), 90, np.uint8) if colour is None else colour
        if with_colour:
            self._colour.publish(image_message(colour, "rgb8", header))
        if with_depth:
            self._depth.publish(image_message(depth, encoding, depth_header))
        self._descriptors.publish(message)

    def stream(self, **how):
        """Send such a frame ten times a second from now on."""
        if self._timer is not None:
            self._graph.node.destroy_timer(self._timer)
        self._timer = self._graph.node.create_timer(0.1, lambda: self.send(**how), clock=self._clock)

    def locate(self, object_id="cap", keypoints=("contact",), timeout=5.0, not_before=None):
        request = {"object_id": object_id, "keypoints": list(keypoints)}
        request["timeout"] = Duration(sec=int(timeout), nanosec=int(timeout % 1 * 1e9))
        if not_before is not None:
            request["not_before"] = TimeMessage(sec=not_before // 10**9, nanosec=not_before % 10**9)
        return self._graph.call(LocateKeypoints, "/dense_grasp/locate_keypoints", **request)

    def register(self, cell=9, keypoint="contact", **more):
        u, v = cell_centre(cell)
        request = {"object_id": "cap", "keypoint": keypoint, "u": u, "v": v, **more}
        return self._graph.call(RegisterDescriptor, "/dense_grasp/register_descriptor", **request)

    def call(self, kind, name, **fields):
        return self._graph.call(kind, f"/dense_grasp/{name}", **fields)

    def now_ns(self) -> int:
        return self._clock.now().nanoseconds
