"""A look of the camera: colour, aligned depth and camera_info of one stamp, and where the hand was then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.cell_measures.mount_check import Mount, MountView
from dense_grasp_core.cell_measures.resting_points import DepthPicture
from dense_grasp_core.cell_measures.table_plane import fit_plane
from dense_grasp_ros.images import depth_from_message, rgb_from_message
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.cell.depth import measured_points
from dense_grasp.cell.tf_tree import TfTree
from dense_grasp.perception.camera_pose import Lookup
from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.perception.messages import camera_from_info, check_belongs
from dense_grasp.perception.stamps import StampCache

STAMPS_KEPT = 20


@dataclass(frozen=True)
class Messages:
    """Colour, depth and camera_info of one stamp, ns, or of stamps not more than `tolerance` ns from it."""

    stamp: int
    colour: Image
    depth: Image
    info: CameraInfo
    tolerance: int = 0


@dataclass(frozen=True)
class Look:
    """stamp: ns. view: the hand's pose and the table's plane; mount: where TF has the camera on the hand."""

    stamp: int
    picture: DepthPicture
    view: MountView
    mount: Mount


class Pictures:
    """The newest colour, depth and camera_info messages, put together by their stamp. Thread-safe."""

    def __init__(self, tolerance: int = 0) -> None:
        """tolerance: ns between the stamps of what belongs together."""
        self._tolerance = tolerance
        self._parts: StampCache[dict[str, Any]] = StampCache(STAMPS_KEPT)
        self._whole: Messages | None = None

    def add(self, part: str, stamp: int, message: Any) -> None:
        """Note a message of "colour", "depth" or "info". For one thread."""
        stamp = self._parts.near(stamp, self._tolerance) or stamp
        parts = {**(self._parts.get(stamp) or {}), part: message}
        self._parts.put(stamp, parts)
        if len(parts) == 3 and (self._whole is None or stamp != self._whole.stamp):
            self._whole = Messages(stamp, parts["colour"], parts["depth"], parts["info"], self._tolerance)

    def newest(self, after: int = 0) -> Messages | None:
        """The last picture that became whole, if it is stamped later than `after` ns."""
        whole = self._whole
        return whole if whole is not None and whole.stamp > after else None


def hand_eye_edge(tree: TfTree, optical: str, hand: str, child: str) -> tuple[str, str]:
    """Parent and child of the hand-eye transform in the tree: the configured child's parent, if the camera hangs on
    the child; else the hand and the optical frame.
    """
    above = tree.above(optical)
    if child in above[:-1]:
        return above[above.index(child) + 1], child
    return hand, optical


def look(found: Messages, lookup: Lookup, base: str, edge: tuple[str, str]) -> Look:
    """From messages of one stamp and TF at it. edge: parent and child of the hand-eye transform.

    Raises DenseGraspError for messages that cannot be used and depth without a plane, and tf2's exceptions.
    """
    camera, depth = camera_from_info(found.info), depth_from_message(found.depth)
    check_belongs(found.depth, found.info, camera, "depth image", found.tolerance)
    check_belongs(found.colour, found.info, camera)
    header, (parent, child) = found.depth.header, edge
    base_from_parent = matrix_from_transform(lookup(base, parent, Time.from_msg(header.stamp)).transform)
    child_from_optical = np.eye(4)
    if child != header.frame_id:
        child_from_optical = matrix_from_transform(lookup(child, header.frame_id, Time()).transform)
    mount = Mount(matrix_from_transform(lookup(parent, child, Time()).transform), child_from_optical)
    plane = fit_plane(measured_points(depth, camera))
    return Look(
        found.stamp,
        DepthPicture(rgb_from_message(found.colour), depth, camera),
        MountView(base_from_parent, plane),
        mount,
    )
