"""Where the camera was at the stamp of an image, by TF."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.quiet import keep_quiet
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import Buffer, TransformException

from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.ros.transforms import TransformListener


class CameraPose:
    """Listens to TF, quietly. base_frame: of the answers; timeout: s of wall clock that an answer waits for TF."""

    def __init__(self, node: Node, base_frame: str, timeout: float):
        self.buffer = Buffer()
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
