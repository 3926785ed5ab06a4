"""Teaching by a click on a point in 3-D: RViz's tool Publish Point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.result_codes import MatchCode, StoreCode
from dense_grasp_ros.long_callback import Workers, long_callback
from geometry_msgs.msg import Point, PointStamped
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import TransformException
from visualization_msgs.msg import MarkerArray

from dense_grasp.perception.camera_pose import CameraPose
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.markers import match_markers
from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.perception.store_services import FrameSource
from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_interfaces.srv import RegisterDescriptor

#: m between a clicked point and what the camera sees at its pixel: more, and something is before it.
_SAME = 0.02
_AROUND = 2  # pixels in which a depth is looked for
Register = Callable[[RegisterDescriptor.Request, RegisterDescriptor.Response], RegisterDescriptor.Response]


class ClickError(DenseGraspError):
    """A clicked point that the camera does not see."""


def pixel_of(frame: CameraFrame, camera_from_point: np.ndarray, point: np.ndarray) -> tuple[float, float]:
    """The pixel at which a frame sees a point (3,) m of another frame. camera_from_point: (4, 4).

    Raises ClickError for a point outside the image, or behind or before what is seen there.
    """
    place = transform(camera_from_point, point)
    u, v = frame.camera.project(place[None])[0] if place[2] > 0.0 else (np.nan, np.nan)
    if not (np.isfinite([u, v]).all() and frame.camera.contains(u, v)):
        at = ", ".join(f"{value:.3f}" for value in place)
        raise ClickError(f"the point is at ({at}) m of {frame.header.frame_id}, outside the camera's image")
    column, row = round(float(u)), round(float(v))
    near = frame.depth[
        max(0, row - _AROUND) : row + _AROUND + 1,
        max(0, column - _AROUND) : column + _AROUND + 1,
    ]
    seen = near[np.isfinite(near) & (near > 0.0)]
    if not len(seen):
        raise ClickError(f"the camera sees no depth at pixel ({u:.0f}, {v:.0f}), where the point is")
    away = float(seen[np.abs(seen - place[2]).argmin()] - place[2])
    if abs(away) > _SAME:
        raise ClickError(
            f"the camera sees something {1000.0 * abs(away):.0f} mm {'behind' if away > 0 else 'before'} the point at "
            f"pixel ({u:.0f}, {v:.0f}), expected at most {1000.0 * _SAME:.0f} mm: click on what the camera sees now"
        )
    return float(u), float(v)


class ClickedPoints:
    """Teaches what a parameter names on each point that is clicked, and says how it went: in the log, and by a marker.

    taught_by_click(): "object_id/keypoint", or empty: nothing is taught.
    """

    def __init__(
        self,
        node: Node,
        topics: tuple[str, str],
        taught_by_click: Callable[[], str],
        fresh_frame: FrameSource,
        register: Register,
        camera_pose: CameraPose,
    ):
        """topics: of the clicked points and of the markers."""
        self._logger = node.get_logger()
        self._taught_by_click, self._fresh_frame, self._register = taught_by_click, fresh_frame, register
        self._pose = camera_pose
        self._markers = node.create_publisher(MarkerArray, topics[1], 2)
        callback = long_callback(node, self._teach, workers=Workers(1, 4, "click"), on_error=self._failed)
        # rclpy's annotation knows no coroutines here, its executors do.
        node.create_subscription(PointStamped, topics[0], callback, 10)  # type: ignore[arg-type]

    def _failed(self, error: Exception, message: PointStamped) -> None:
        self._logger.error(f"a clicked point is not taught: {error!r}")

    def _teach(self, message: PointStamped) -> None:
        named = self._taught_by_click()
        if not named:
            self._logger.info(
                "a point was clicked, and click_teaches is empty: name what a click teaches by "
                "ros2 param set /query_node click_teaches OBJECT/KEYPOINT"
            )
            return
        frame, _, reason = self._fresh_frame()
        if frame is None:
            self._logger.error(f"{named} is not taught: {reason}")
            return
        try:
            u, v, position = self._seen(frame, message)
        except (DenseGraspError, TransformException) as error:
            self._logger.error(f"{named} is not taught: {error}")
            return
        object_id, _, keypoint = named.partition("/")
        request = RegisterDescriptor.Request(object_id=object_id, keypoint=keypoint, u=u, v=v)
        answer = self._register(request, RegisterDescriptor.Response())
        if answer.code != StoreCode.OK:
            again = "; delete it first, or name another keypoint" if answer.code == StoreCode.ALREADY_EXISTS else ""
            self._logger.error(f"{named} is not taught: {answer.message}{again}")
            return
        self._logger.info(f"{answer.message}, by a click at pixel ({u:.1f}, {v:.1f})")
        match = KeypointMatch(object_id=object_id, keypoint=keypoint, code=int(MatchCode.OK), score=1.0)
        match.header.frame_id, match.header.stamp = message.header.frame_id, frame.header.stamp
        match.position = position
        self._markers.publish(match_markers([match]))

    def _seen(self, frame: CameraFrame, message: PointStamped) -> tuple[float, float, Point]:
        """Pixel of a clicked point, and the point. Raises ClickError, TransformException, and what a frame raises."""
        point = np.array([message.point.x, message.point.y, message.point.z])
        if not np.isfinite(point).all():
            raise ClickError(f"the point is {point.tolist()}, expected three finite numbers")
        camera_from_point = np.eye(4)
        if message.header.frame_id != frame.header.frame_id:
            found = self._pose.buffer.lookup_transform(
                frame.header.frame_id, message.header.frame_id, Time.from_msg(frame.header.stamp)
            )
            camera_from_point = matrix_from_transform(found.transform)
        return *pixel_of(frame, camera_from_point, point), message.point
