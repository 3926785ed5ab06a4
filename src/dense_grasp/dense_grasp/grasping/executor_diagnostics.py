"""What grasp_executor says of itself on /diagnostics: arm, planner, goals."""

from __future__ import annotations

import threading
from collections import Counter

from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.diagnostics import Diagnostics, without_publisher
from rclpy.node import Node

from dense_grasp.arm.heartbeat import Heartbeat
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.planning.described_backend import DescribedBackend
from dense_grasp.planning.moveit.installed import PlannerChoice
from dense_grasp.ros.reports import arm_report, goal_report, planner_report

OUTCOMES: dict[int, str] = {GraspCode.SUCCESS: "succeeded", GraspCode.CANCELED: "canceled"}


class GoalRecord:
    """How the goals ended. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._last: tuple[int, str] | None = None

    def note(self, code: int, message: str) -> None:
        """A goal ended."""
        outcome = OUTCOMES.get(code, "failed")
        with self._lock:
            self._counts[outcome] += 1
            self._last = code, message

    def read(self) -> tuple[tuple[int, str] | None, dict[str, int]]:
        """Code and sentence of the last, None before the first; how many succeeded, failed and were canceled."""
        with self._lock:
            return self._last, dict(self._counts)


def executor_diagnostics(
    node: Node,
    robot: RobotSettings,
    heartbeat: Heartbeat,
    planner: tuple[PlannerChoice, DescribedBackend],
    goals: tuple[threading.Lock, GoalRecord],
) -> Diagnostics:
    """The node's diagnostics. goals: the lock that a goal holds, and what became of those before."""
    choice, backend = planner
    running, record = goals
    topics = [robot.joint_states_topic, robot.description_topic, _status(robot.arm_action)]

    def missing() -> list[str]:
        absent = without_publisher(node, topics)
        spaces = robot.gripper_namespaces
        hands = [_status(f"{space}/{robot.gripper.command}") for space in spaces]
        if len(without_publisher(node, hands)) == len(hands):
            absent.append(f"a gripper in {' or '.join(spaces)}")
        return [name.removesuffix("/_action/status") for name in absent]

    return Diagnostics(
        node,
        robot.name,
        {
            "arm": lambda: arm_report(missing(), heartbeat.others()),
            "planner": lambda: planner_report(choice.sentence, backend.why_not_ready()),
            "goals": lambda: goal_report(running.locked(), *record.read()),
        },
    )


def _status(action: str) -> str:
    """The topic that every server of the action publishes."""
    return f"{action}/_action/status"
