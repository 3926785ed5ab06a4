"""Node: MoveItPy in a process of its own, behind the services that grasp_executor asks with planner:=moveit_py.

Its own process, because MoveItPy holds the interpreter while it plans: in the executor's, a cancel and the heartbeat
would wait as long. Only plans; nothing here moves the arm.
"""

from __future__ import annotations

import sys
from typing import Any

import rclpy
from dense_grasp_core.errors import DenseGraspError
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from dense_grasp.launch_support import CONFIGURATION_ERROR
from dense_grasp.motion.robot_settings import robot_settings


def offer(node: Node, answers: Any, namespace: str) -> None:
    """The services of MoveItServices in `namespace`, answered by the methods of the same keys."""
    from dense_grasp.motion.moveit_services import SERVICES

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


def make_answers() -> Any:
    """A MoveItPy with the parameters of this process' command line. Raises ImportError, RuntimeError."""
    from moveit.core.collision_detection import AllowedCollisionMatrix, CollisionRequest, CollisionResult
    from moveit.planning import MoveItPy, PlanRequestParameters

    from dense_grasp.motion.moveit_py_answers import Kinds, MoveItPyAnswers

    moveit = MoveItPy(node_name="moveit_py", provide_planning_service=False)
    return MoveItPyAnswers(
        moveit, Kinds(CollisionRequest, CollisionResult, AllowedCollisionMatrix, PlanRequestParameters)
    )


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR without moveit_py or with parameters that cannot be used."""
    rclpy.init(args=arguments)
    try:
        node = Node("moveit_py_planner")
        settings = robot_settings(node)
        answers = make_answers()
    except ImportError as error:
        print(
            f"moveit_py_planner: there is no moveit_py ({error}): install ros-$ROS_DISTRO-moveit-py (Jazzy or later), "
            "or plan with planner:=move_group or planner:=ompl",
            file=sys.stderr,
        )
        rclpy.try_shutdown()
        return CONFIGURATION_ERROR
    except (DenseGraspError, ParameterException) as error:
        print(f"moveit_py_planner: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return CONFIGURATION_ERROR
    except RuntimeError as error:
        # No robot description yet, or a pipeline that does not load: MoveIt's log says which, another try may do.
        print(f"moveit_py_planner: MoveItPy did not start: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    offer(node, answers, settings.moveit_py_namespace)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    node.get_logger().info(f"ready for {settings.planning_group} on {settings.moveit_py_namespace}")
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
