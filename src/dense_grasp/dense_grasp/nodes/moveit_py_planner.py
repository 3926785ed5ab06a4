"""Node: MoveItPy in a process of its own, behind the services that grasp_executor asks with planner:=moveit_py.

Its own process, because MoveItPy holds the interpreter while it plans: in the executor's, a cancel and the heartbeat
would wait as long. Only plans; nothing here moves the arm.
"""

from __future__ import annotations

import sys
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.diagnostics import OK, Diagnostics, Report
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.parameters import declare
from rclpy.node import Node

from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.nodes.robot_parameters import MOVEIT_PY_PLANNER
from dense_grasp.planning.moveit.installed import advice, lacking


def offer(node: Node, answers: Any, namespace: str) -> None:
    """The services of MoveItServices in `namespace`, answered by the methods of the same keys."""
    from dense_grasp.planning.moveit.services import SERVICES

    for key, (kind, name) in SERVICES.items():
        node.create_service(kind, f"{namespace}/{name}", _logged(node, name, getattr(answers, key)))


def _logged(node: Node, name: str, answer: Any) -> Any:
    """A request that MoveIt throws at is answered with the empty response, which says no success, and logged."""

    def answered(request: Any, response: Any) -> Any:
        try:
            return answer(request, response)
        except Exception as error:  # pybind11 hands on whatever C++ throws
            node.get_logger().error(f"{name}: {type(error).__name__}: {error}")
            return type(response)()

    return answered


class MoveItPyMissing(DenseGraspError):
    """Some of what moveit_py needs is not on this machine."""


def make_node() -> Node:
    """The node around a MoveItPy with the parameters of this process' command line. Raises DenseGraspError.

    Ends the process with 1, so that launch tries again, when MoveItPy does not start: there may be no robot description
    yet.
    """
    node = Node("moveit_py_planner")
    settings = robot_settings(declare(node, MOVEIT_PY_PLANNER), node.get_namespace())
    absent = lacking("moveit_py", settings.robot_type)
    if absent:
        raise MoveItPyMissing(f"there is no moveit_py that could plan: {advice(absent)}; or plan with planner:=ompl")
    try:
        from moveit.planning import MoveItPy

        from dense_grasp.planning.moveit.service_handlers import MoveItPyAnswers
    except ImportError as error:
        raise MoveItPyMissing(
            f"there is no moveit_py ({error}), though its package is installed: source its overlay; or plan with "
            "planner:=ompl"
        ) from error
    try:
        moveit = MoveItPy(node_name="moveit_py", provide_planning_service=False)
    except RuntimeError as error:
        raise SystemExit(f"moveit_py_planner: MoveItPy did not start: {error}") from error
    offer(node, MoveItPyAnswers(moveit), settings.moveit_py_namespace)
    ready = Report(OK, f"ready for {settings.planning_group}", {"services": settings.moveit_py_namespace})
    node.diagnostics = Diagnostics(node, settings.name, {"planner": lambda: ready})  # type: ignore[attr-defined]
    node.get_logger().info(f"ready for {settings.planning_group} on {settings.moveit_py_namespace}")
    return node


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR without moveit_py or with parameters that cannot be used."""
    return run_node("moveit_py_planner", make_node, arguments, others_parameters=True)


if __name__ == "__main__":
    sys.exit(main())
