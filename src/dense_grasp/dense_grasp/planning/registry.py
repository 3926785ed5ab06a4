"""Planner backends by name; one is imported only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from rclpy.node import Node

from dense_grasp.arm.robot_settings import RobotSettings, absolute
from dense_grasp.planning.moveit.installed import PlannerChoice, choose_planner
from dense_grasp.ros.discovery import service_runs

if TYPE_CHECKING:
    from dense_grasp.planning.in_process.planner import DescribedBackend


def _ompl(node: Node, robot: RobotSettings, callback_group) -> DescribedBackend:
    from dense_grasp.planning.in_process.planner import OmplBackend

    return OmplBackend(node, robot, callback_group=callback_group)


def _move_group(node: Node, robot: RobotSettings, callback_group) -> DescribedBackend:
    from dense_grasp.planning.moveit.backend import make_move_group

    return make_move_group(node, robot, callback_group)


def _moveit_py(node: Node, robot: RobotSettings, callback_group) -> DescribedBackend:
    from dense_grasp.planning.moveit.backend import make_moveit_py

    return make_moveit_py(node, robot, callback_group)


BACKENDS: dict[str, Callable[[Node, RobotSettings, object], DescribedBackend]] = {
    "ompl": _ompl,
    "moveit_py": _moveit_py,
    "move_group": _move_group,
}


def resolved_planner(asked: str, node: Node, robot: RobotSettings) -> PlannerChoice:
    """The planner that `asked` is for a node that starts no server: "auto" is a MoveIt server that runs, if any."""
    return choose_planner(asked, robot.robot_type, can_start=False, runs=lambda planner: runs(planner, node, robot))


def runs(planner: str, node: Node, robot: RobotSettings) -> bool:
    """Whether the MoveIt server of an arm answers."""
    place = {"moveit_py": robot.moveit_py_namespace, "move_group": robot.move_group_namespace or robot.namespace}
    return service_runs(node, absolute(place[planner], "plan_kinematic_path"))


def make_planner(name: str, node: Node, robot: RobotSettings, callback_group=None) -> DescribedBackend:
    """The planner called `name`. Raises GraspFailure PLANNER_UNAVAILABLE for one that is not there."""
    if name not in BACKENDS:
        raise GraspFailure(
            GraspCode.PLANNER_UNAVAILABLE,
            f"planner {name!r} is not available in this version, expected one of {', '.join(BACKENDS)}",
        )
    return BACKENDS[name](node, robot, callback_group)
