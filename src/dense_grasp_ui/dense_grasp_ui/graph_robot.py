"""The robot of the graph, and what its camera sees now, for pictures of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tf2_ros
from ament_index_python.packages import get_package_share_directory
from dense_grasp_client.connection import NodeCalls
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.shared_parameters import chosen_gripper
from dense_grasp_ros.topic_qos import LATCHED, NEWEST_ONLY
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from dense_grasp_interfaces.action import GraspObject
from dense_grasp_ui.graph_clouds import coloured_points
from dense_grasp_ui.graph_transforms import InNode, pose_in, transforms
from dense_grasp_ui.pictures.coloured_points import ColouredPoints
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.planned.plan_view import PlanViews
from dense_grasp_ui.planned.planned_path import Leg

if TYPE_CHECKING:
    from dense_grasp_ui.planned.robot_drawing import RobotDrawing

#: s of wall clock that the description, what the camera sees, and a transform are waited for.
DESCRIPTION_S, SEEN_S, POSE_S = 5.0, 10.0, 2.0
#: m from the robot's base; what is farther is the room.
NEAR = 1.5


class GraphRobot:
    """values: of the page's parameters; in_node: runs a function in the node's thread and waits for its end."""

    def __init__(self, node: Node, calls: NodeCalls, values: Mapping[str, Any], in_node: InNode):
        self._node, self._calls, self._in_node = node, calls, in_node
        self._type, self._prefix, self._gripper = values["robot_type"], values["prefix"], chosen_gripper(values)
        self._points_topic = values["points_topic"]
        self._urdf, self._drawn = "", ""
        self._drawing: RobotDrawing | None = None
        node.create_subscription(String, values["robot_description_topic"], self._on_description, LATCHED)

    @property
    def opening(self) -> float:
        """m between the fingers when they are open."""
        return self._gripper.greatest_width

    def _on_description(self, message: String) -> None:
        self._urdf = message.data

    def drawing(self) -> RobotDrawing:
        """The robot with open fingers. Raises GraphError without a description, RobotModelError."""
        self._calls.wait(lambda: self._urdf, DESCRIPTION_S, "the robot's description")
        urdf = self._urdf
        if self._drawing is None or urdf != self._drawn:
            # Imported here: a page that shows no plan does without pinocchio.
            from dense_grasp_core.motion.robot import RobotModel

            from dense_grasp_ui.planned.robot_drawing import RobotDrawing

            robot = RobotModel(
                urdf, self._type, self._prefix, gripper=self._gripper, resolve_package=get_package_share_directory
            )
            self._drawing, self._drawn = RobotDrawing(robot), urdf
        return self._drawing

    def seen(self, base_frame: str) -> ColouredPoints:
        """What the camera sees from now on, in a frame. Raises DenseGraspError when nothing comes."""
        clouds, topics = _Clouds(), []

        def listen() -> None:
            topics.append(self._node.create_subscription(PointCloud2, self._points_topic, clouds.take, NEWEST_ONLY))

        with transforms(self._node, self._in_node) as buffer:
            self._in_node(listen)
            try:
                what = f"a cloud of {self._points_topic} with its transform to {base_frame}"
                found = self._calls.wait(lambda: clouds.placed(buffer, base_frame), SEEN_S, what)
            finally:
                self._in_node(lambda: self._node.destroy_subscription(topics[0]))
        assert found is not None
        return found

    def pose(self, target: str, source: str) -> NDArray[np.float64]:
        """target_from_source (4, 4) now. Raises DenseGraspError when nobody says it."""
        with transforms(self._node, self._in_node) as buffer:
            what = f"the transform {target} <- {source}"
            poses: list[NDArray[np.float64]] = []

            def is_known() -> bool:
                pose = pose_in(buffer, target, source)
                poses.extend([] if pose is None else [pose])
                return bool(poses)

            self._calls.wait(is_known, POSE_S, what)
        return poses[0]


class _Clouds:
    """The newest cloud of a subscription."""

    def __init__(self) -> None:
        self._newest: PointCloud2 | None = None

    def take(self, message: PointCloud2) -> None:
        self._newest = message

    def placed(self, buffer: tf2_ros.Buffer, base_frame: str) -> ColouredPoints | None:
        """Its points near the base, or None while they are not there. Raises DenseGraspError."""
        cloud = self._newest
        if cloud is None or not cloud.data:
            return None
        pose = pose_in(buffer, base_frame, cloud.header.frame_id, cloud.header.stamp)
        if pose is None:
            return None
        seen = coloured_points(cloud, "cloud")
        points = seen.points @ pose[:3, :3].T.astype(np.float32) + pose[:3, 3].astype(np.float32)
        near = np.linalg.norm(points, axis=1) < NEAR
        if not near.any():
            raise PictureError(f"the camera sees nothing within {NEAR:g} m of {base_frame}")
        return ColouredPoints(points[near], seen.colours[near])


def legs_of(trajectories: Sequence[JointTrajectory]) -> list[Leg]:
    """Trajectories as plain data; what they lack is said by `planned_path`."""
    return [
        Leg(
            tuple(one.joint_names),
            np.array([point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in one.points]),
            np.array([point.positions for point in one.points], float).reshape(len(one.points), len(one.joint_names)),
        )
        for one in trajectories
    ]


def show_plan(plans: PlanViews, robot: GraphRobot, object_id: str, result: GraspObject.Result) -> None:
    """Show the path of a result; why it cannot be shown is said instead of it, and so is a cloud that does not come."""
    try:
        drawing, legs = robot.drawing(), legs_of(result.path)
        try:
            seen, why = robot.seen(result.grasp_pose.header.frame_id), ""
        except DenseGraspError as error:
            seen, why = None, str(error)
        plans.show(object_id, drawing, legs, seen, why)
    except DenseGraspError as error:
        plans.clear(f"The plan is not shown: {error}.")
