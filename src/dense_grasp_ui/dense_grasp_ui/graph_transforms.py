"""Transforms of /tf, listened to only while somebody asks: a page that idles does not wake at every joint state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tf2_ros
from dense_grasp_core.geometry.se3 import from_quaternion
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.time import Time

InNode = Callable[[Callable[[], object]], None]


@contextmanager
def transforms(node: Node, in_node: InNode) -> Iterator[tf2_ros.Buffer]:
    """A buffer that is filled meanwhile. in_node: runs a function in the node's thread and waits for its end."""
    buffer = tf2_ros.Buffer()
    listening: list[Any] = []
    in_node(lambda: listening.append(tf2_ros.TransformListener(buffer, node)))
    try:
        yield buffer
    finally:
        in_node(lambda: listening[0].unregister())


def pose_in(buffer: tf2_ros.Buffer, target: str, source: str, stamp: Any = None) -> NDArray[np.float64] | None:
    """target_from_source (4, 4) at a stamp, else the newest; None while it is not known. Raises GeometryError."""
    try:
        found = buffer.lookup_transform(target, source, Time() if stamp is None else Time.from_msg(stamp)).transform
    except tf2_ros.TransformException:
        return None
    turn, place = found.rotation, found.translation
    return from_quaternion((turn.x, turn.y, turn.z, turn.w), (place.x, place.y, place.z))
