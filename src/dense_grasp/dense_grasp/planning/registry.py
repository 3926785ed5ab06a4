"""The planner that the parameters name; one is imported only when it is chosen."""

from __future__ import annotations

import pkgutil

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.arm.robot_settings import RobotSettings, absolute
from dense_grasp.planning.described_backend import DescribedBackend
from dense_grasp.planning.moveit.installed import PlannerChoice, choose_planner
from dense_grasp.planning.planners import PLANNERS
from dense_grasp.ros.discovery import service_runs


def resolved_planner(asked: str, node: Node, robot: RobotSettings) -> PlannerChoice:
    """The planner that `asked` is for a node that starts no server: "auto" is a MoveIt server that runs, if any."""
    return choose_planner(asked, robot.robot_type, can_start=False, runs=lambda planner: runs(planner, node, robot))


def runs(planner: str, node: Node, robot: RobotSettings) -> bool:
    """Whether the MoveIt server of an arm answers."""
    place = {"moveit_py": robot.moveit_py_namespace, "move_group": robot.move_group_namespace or robot.namespace}
    return service_runs(node, absolute(place[planner], "plan_kinematic_path"))


def make_planner(
    name: str, node: Node, robot: RobotSettings, callback_group: CallbackGroup | None = None
) -> DescribedBackend:
    """The planner called `name`. Raises GraspFailure PLANNER_UNAVAILABLE for one that is not there."""
    if name not in PLANNERS:
        raise GraspFailure(
            GraspCode.PLANNER_UNAVAILABLE,
            f"planner {name!r} is not available in this version, expected one of {', '.join(PLANNERS)}",
        )
    make = pkgutil.resolve_name(PLANNERS[name])
    backend: DescribedBackend = make(node, robot, callback_group)
    return backend
