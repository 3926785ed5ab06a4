"""Coloured points as messages, and the cloud of what the camera sees."""

from __future__ import annotations

import time

import numpy as np
from dense_grasp_ros.images import byte_array
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2, PointField

from dense_grasp.perception.frames import CameraFrame

POINT = np.dtype([("place", "<f4", 3), ("rgb", "<u4")])
_PERIOD = 0.2  # s of wall clock between two clouds
_STEP = 2  # pixels between neighbouring points


def cloud_message(points: NDArray[np.floating], colours: NDArray[np.uint8]) -> PointCloud2:
    """Points (n, 3) m with colours (n, 3), packed as PCL has them. The header is the caller's."""
    rows = np.empty(len(points), POINT)
    rows["place"] = points
    red, green, blue = colours.astype(np.uint32).T
    rows["rgb"] = red << 16 | green << 8 | blue
    message = PointCloud2(height=1, width=len(rows), point_step=16, row_step=16 * len(rows), is_dense=True)
    message.fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate(("x", "y", "z", "rgb"))
    ]
    message.data = byte_array(rows)
    return message


def seen_points(frame: CameraFrame, step: int = 1) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Points (n, 3) m of the optical frame at every `step`-th pixel with a depth, and their colours (n, 3); grey where
    no colour image came. Raises CameraError, MessageError.
    """
    depth, rgb = frame.depth, frame.rgb
    v, u = np.mgrid[0 : depth.shape[0] : step, 0 : depth.shape[1] : step]
    known = np.isfinite(depth[v, u]) & (depth[v, u] > 0.0)
    u, v = u[known], v[known]
    points = frame.camera.deproject(np.stack([u, v], axis=1).astype(float), depth[v, u].astype(float))
    grey: NDArray[np.uint8] = np.full((len(u), 3), 160, np.uint8)
    return points, grey if rgb is None else rgb[v, u]


class CloudPublisher:
    """Publishes what the camera sees as coloured points in the optical frame, while somebody listens."""

    def __init__(self, node: Node, topic: str):
        self._publisher = node.create_publisher(PointCloud2, topic, qos_profile_sensor_data)
        self._last = -np.inf

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, frame: CameraFrame) -> None:
        """The cloud of a frame, five times a second at most. Raises as seen_points."""
        now = time.monotonic()
        if not self.wanted or now - self._last < _PERIOD:
            return
        self._last = now
        message = cloud_message(*seen_points(frame, _STEP))
        message.header = frame.header
        self._publisher.publish(message)
