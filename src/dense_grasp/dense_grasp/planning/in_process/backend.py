"""The backend ompl: the embedded planner, in this process."""

from __future__ import annotations

from collections.abc import Callable

from ament_index_python.packages import get_package_share_directory
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.pick_planner import PickPlanner
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.planning.described_backend import DescribedBackend
from dense_grasp.planning.robot_and_config import robot_and_config


def make_ompl(node: Node, settings: RobotSettings, callback_group: CallbackGroup | None = None) -> DescribedBackend:
    """The embedded planner for an arm, from when its description arrives."""

    def build(robot: RobotSettings, urdf: str) -> PickPlanner:
        return build_planner(robot, urdf, get_package_share_directory)

    return DescribedBackend(node, settings, build, callback_group=callback_group)


def build_planner(settings: RobotSettings, urdf: str, resolve_package: Callable[[str], str]) -> PickPlanner:
    """The embedded planner for a robot description. Raises DenseGraspError."""
    return in_process_planner(*robot_and_config(settings, urdf, resolve_package))
