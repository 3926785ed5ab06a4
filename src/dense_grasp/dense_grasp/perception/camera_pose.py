"""Where the camera was at the stamp of an image, by TF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_ros.quiet import keep_quiet
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import TransformException

from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.ros.transforms import TransformListener, transform_buffer
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_for_value

#: (base, frame, time) -> TransformStamped, or raises.
Lookup = Callable[[str, str, Time], Any]


class CameraPose:
    """Listens to TF, quietly. base_frame: of the answers; timeout: s of wall clock that an answer waits for TF."""

    def __init__(self, node: Node, base_frame: str, timeout: float):
        self.buffer = transform_buffer()
        self._base_frame, self._timeout = base_frame, timeout
        self._listener = TransformListener(self.buffer, node)
        keep_quiet(self._listener.tf_sub, self._listener.tf_static_sub)

    def at(self, header: Header) -> tuple[np.ndarray | None, str]:
        """base_from_camera (4, 4) at an image's stamp, or None with the reason."""
        about = f"transform {self._base_frame} <- {header.frame_id} at the image's stamp"
        try:
            transform = self.buffer.lookup_transform(
                self._base_frame, header.frame_id, Time.from_msg(header.stamp), timeout=Duration(seconds=self._timeout)
            )
        except TransformException as error:
            return None, f"no {about}: {error}"
        try:
            return matrix_from_transform(transform.transform), ""
        except DenseGraspError as error:
            return None, f"{about}: {error}"


def base_from(
    lookup: Lookup,
    base_frame: str,
    frame: str,
    stamp: Any,
    deadline: Deadline,
    stop: StopCheck | None,
    of: str = "image",
) -> np.ndarray:
    """base_from_frame (4, 4) at a stamp, once TF knows it. of: what the stamp is of. Raises GraspFailure 100 + NO_TF,
    and Canceled.
    """
    errors: list[str] = []

    def try_lookup() -> Any:
        try:
            return lookup(base_frame, frame, Time.from_msg(stamp))
        except Exception as error:  # tf2's exceptions share no base class across distributions
            errors.append(str(error))
            return None

    answer = wait_for_value(try_lookup, deadline, stop)
    if answer is None:
        raise GraspFailure(
            GraspCode.PERCEPTION + MatchCode.NO_TF,
            f"no transform {base_frame} <- {frame} at the {of}'s stamp: {errors[-1]}",
        )
    try:
        return matrix_from_transform(answer.transform)
    except DenseGraspError as error:
        raise GraspFailure(
            GraspCode.PERCEPTION + MatchCode.NO_TF, f"transform {base_frame} <- {frame}: {error}"
        ) from error
