"""The backends move_group and moveit_py: the planner over services, of a move_group or of our moveit_py_planner.

MoveIt's messages are imported when one is chosen.
"""

from __future__ import annotations

from ament_index_python.packages import get_package_share_directory
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.result_codes import GraspCode
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.planning.described_backend import DescribedBackend
from dense_grasp.planning.moveit.installed import MESSAGES, advice, missing
from dense_grasp.planning.moveit.planner import moveit_planner
from dense_grasp.planning.robot_and_config import robot_and_config


def make_move_group(
    node: Node, settings: RobotSettings, callback_group: CallbackGroup | None = None
) -> DescribedBackend:
    """A client of the move_group that runs. Raises GraspFailure PLANNER_UNAVAILABLE without moveit_msgs."""
    return _make("move_group", settings.move_group_namespace, node, settings, callback_group)


def make_moveit_py(
    node: Node, settings: RobotSettings, callback_group: CallbackGroup | None = None
) -> DescribedBackend:
    """A client of the moveit_py_planner that runs. Raises GraspFailure PLANNER_UNAVAILABLE without moveit_msgs."""
    return _make("moveit_py", settings.moveit_py_namespace, node, settings, callback_group)


def _make(
    who: str, namespace: str, node: Node, settings: RobotSettings, callback_group: CallbackGroup | None
) -> DescribedBackend:
    try:
        from dense_grasp.planning.moveit.services import MoveItServices
    except ImportError as error:
        absent = missing(MESSAGES)
        reason = advice(absent) if absent else str(error)
        raise GraspFailure(
            GraspCode.PLANNER_UNAVAILABLE,
            f"planner {who!r} needs MoveIt's messages: {reason}; or plan with planner:=ompl",
        ) from error
    port = MoveItServices(node, settings, who=who, namespace=namespace, callback_group=callback_group)

    def build(robot_settings: RobotSettings, urdf: str) -> PickPlanner:
        robot, config = robot_and_config(robot_settings, urdf, get_package_share_directory)
        return moveit_planner(robot, config, port, (settings.velocity_scaling, settings.acceleration_scaling))

    return DescribedBackend(node, settings, build, callback_group=callback_group)
