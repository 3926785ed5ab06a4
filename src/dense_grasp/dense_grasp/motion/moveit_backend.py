"""The backend move_group: the planner over MoveIt's services; MoveIt's messages are imported when it is chosen."""

from __future__ import annotations

from ament_index_python.packages import get_package_share_directory
from dense_grasp_core.codes import GraspCode
from rclpy.node import Node

from dense_grasp.failure import GraspFailure
from dense_grasp.motion.moveit_planner import MoveItPlanner
from dense_grasp.motion.ompl_backend import DescribedBackend, robot_and_config
from dense_grasp.motion.robot_settings import RobotSettings


def make_move_group(node: Node, settings: RobotSettings, callback_group=None) -> DescribedBackend:
    """A client of the move_group that runs. Raises GraspFailure PLANNER_UNAVAILABLE without moveit_msgs."""
    try:
        from dense_grasp.motion.moveit_services import MoveItServices
    except ImportError as error:
        raise GraspFailure(
            GraspCode.PLANNER_UNAVAILABLE,
            f"planner 'move_group' needs MoveIt's messages ({error}): install MoveIt (ros-$ROS_DISTRO-moveit), "
            "or plan with planner:=ompl",
        ) from error
    port = MoveItServices(
        node, settings, who="move_group", namespace=settings.move_group_namespace, callback_group=callback_group
    )

    def build(robot_settings: RobotSettings, urdf: str) -> MoveItPlanner:
        robot, config = robot_and_config(robot_settings, urdf, get_package_share_directory)
        return MoveItPlanner(robot, config, port, (settings.velocity_scaling, settings.acceleration_scaling))

    return DescribedBackend(node, settings, build, callback_group=callback_group)
