"""The camera on the hand: its newest pictures, and where TF says that it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_ros.images import depth_from_message
from dense_grasp_ros.quiet import keep_quiet
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import Buffer, ExtrapolationException

from dense_grasp.cell.depth import measured_points
from dense_grasp.cell.look import Look, Messages, Pictures, hand_eye_edge, look
from dense_grasp.cell.tf_tree import TfTree
from dense_grasp.perception.depth_world import MAX_RANGE
from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.perception.messages import camera_from_info
from dense_grasp.ros.transforms import TransformListener

#: s of wall clock until TF knows the place of a picture that has just arrived, and until a camera that begins to listen
#: has heard the static transforms, which come once and late on a busy machine; after that, frames that are not
#: connected are waited for shorter.
TF_PATIENCE, FRAME_PATIENCE = 15.0, 2.0
#: s of wall clock until the camera shows what it sees from a new pose, and those that a picture is under way at most.
PICTURE_PATIENCE, PICTURE_DELAY = 30.0, 0.5
POLL = 0.02


class LookError(DenseGraspError):
    """The camera shows nothing new."""


class PlaceError(LookError):
    """TF does not know where something was."""


class WristCamera:
    """pictures: to be fed with what arrives. hand_eye: parent and child as configured; tree: all edges of TF; stop:
    says that nothing is to be waited for any more; sync_tolerance: ns between the stamps of one picture. The node's
    executor spins in another thread.
    """

    def __init__(
        self,
        node: Node,
        base: str,
        hand_eye: tuple[str, str],
        tree: TfTree,
        stop: Callable[[], bool],
        sync_tolerance: int = 0,
    ) -> None:
        self.pictures = Pictures(sync_tolerance)
        self._base, self._hand_eye, self._tree, self._stop = base, hand_eye, tree, stop
        self._heard_all = time.monotonic() + TF_PATIENCE
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, node)
        keep_quiet(self._listener.tf_sub)

    def place(self, target: str, source: str, stamp: Time) -> Any:
        """The TransformStamped target <- source, waited for. Raises PlaceError."""
        begin = time.monotonic()
        while True:
            try:
                return self._buffer.lookup_transform(target, source, stamp)
            except Exception as error:  # tf2's exceptions share no base class across distributions
                late = isinstance(error, ExtrapolationException)
                end = begin + TF_PATIENCE if late else max(begin + FRAME_PATIENCE, self._heard_all)
                if time.monotonic() > end or self._stop():
                    raise PlaceError(f"no transform {target} <- {source}: {error}") from error
            time.sleep(POLL)

    def edge(self, messages: Messages) -> tuple[str, str]:
        """Parent and child of the hand-eye transform that places this picture.

        Waits until the tree knows the way to the hand, as long as that may be under way: TF's buffer hears the same
        messages by itself, and may be first.
        """
        optical, hand = messages.depth.header.frame_id, self._hand_eye[0]
        while hand not in self._tree.above(optical) and time.monotonic() < self._heard_all and not self._stop():
            time.sleep(POLL)
        return hand_eye_edge(self._tree, optical, *self._hand_eye)

    def look(self, messages: Messages) -> Look:
        """What a picture shows. Raises as `look.look`."""
        return look(messages, self.place, self._base, self.edge(messages))

    def fresh(self) -> Messages:
        """A picture that was taken after this call: two came since, and longer ago than one may be under way.

        Raises LookError.
        """
        old = self.pictures.newest()
        begin, stamps = time.monotonic(), {0 if old is None else old.stamp}
        while time.monotonic() < begin + PICTURE_PATIENCE and not self._stop():
            newest = self.pictures.newest()
            if newest is not None:
                stamps.add(newest.stamp)
                if len(stamps) > 2 and time.monotonic() > begin + PICTURE_DELAY:
                    return newest
            time.sleep(POLL)
        raise LookError(f"no new picture from the camera within {PICTURE_PATIENCE:.0f} s")

    def around(self) -> np.ndarray:
        """Points (N, 3) m, base frame, that the newest picture shows; none without one."""
        messages = self.pictures.newest()
        if messages is None:
            return np.zeros((0, 3))
        header = messages.depth.header
        points = measured_points(depth_from_message(messages.depth), camera_from_info(messages.info))
        placed = self.place(self._base, header.frame_id, Time.from_msg(header.stamp))
        return transform(matrix_from_transform(placed.transform), points[points[:, 2] < MAX_RANGE])
