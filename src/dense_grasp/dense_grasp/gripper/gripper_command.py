"""The convention of control_msgs/GripperCommand, as GripperActionController of ros2_controllers has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.gripper.action_runner import OPEN_TOLERANCE, ActionRunner, GripperSettings
from dense_grasp.gripper.convention import Convention
from dense_grasp.ros.device_life import DeviceLife
from dense_grasp.ros.waiting import StopCheck


@dataclass(frozen=True)
class Command:
    """One action that moves fingers to a position and tells in its result whether they stalled or reached it.

    action: its type. goal(settings, position): to a position of each joint, as the record has it. told(result): the
    position of a joint that it ended at, None where the result does not say.
    """

    action: Any
    goal: Callable[[GripperSettings, float], Any]
    told: Callable[[Any], float | None]


def _goal(settings: GripperSettings, position: float) -> GripperCommand.Goal:
    goal = GripperCommand.Goal()
    goal.command.position = position
    goal.command.max_effort = float(settings.force)
    return goal


#: Positions are those of one joint, and max_effort is the force in N.
GRIPPER_COMMAND = Command(GripperCommand, _goal, lambda result: float(result.position))


class CommandGripper:
    """A gripper behind one action that commands a position, under the first of `namespaces`."""

    def __init__(
        self,
        node: Node,
        namespaces: Sequence[str],
        settings: GripperSettings,
        callback_group: CallbackGroup | None = None,
        command: Command = GRIPPER_COMMAND,
    ):
        self._command = command
        self._record = settings.record
        action = f"{namespaces[0]}/{self._record.command}"
        self._settings = settings
        self._runner = ActionRunner(node, settings)
        self._clients = {action: ActionClient(node, command.action, action, callback_group=callback_group)}
        self._life = DeviceLife(node, [action])
        #: The device and the width (m) that it ended its last command at.
        self._last: tuple[int, float] | None = None

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already."""
        present = self.width()
        if present is None or abs(present - width) > OPEN_TOLERANCE:
            result = self._run("open", width, stop)
            told = self._told(result)
            if not result.reached_goal:
                where = "a width that it does not tell" if told is None else f"{told:.3f} m"
                raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: opening to {width:.3f} m ended at {where}")
            self._runner.check_opened(width if told is None else told, stop)

    def grasp(self, stop: StopCheck | None = None) -> None:
        """Closes with force; stalling on something is the wanted end."""
        result = self._run("close", 0.0, stop)
        if not (result.stalled or result.reached_goal):
            raise GraspFailure(GraspCode.GRIPPER_FAILED, "gripper: closing ended neither stalled nor closed")

    def width(self) -> float | None:
        """Width in m from joint states that are newer than the last motion, else of the device's last result."""
        width = self._runner.width()
        if width is not None:
            return width
        return self._last[1] if self._last is not None and self._last[0] == self.device() else None

    def live_width(self) -> float | None:
        """Width in m from the newest joint states."""
        return self._runner.live_width()

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure GRIPPER_UNAVAILABLE."""
        self._runner.ready(self._clients, stop)

    def device(self) -> int:
        """Another number after the gripper's node was restarted."""
        return self._life.generation()

    def stop(self) -> None:
        """Cancels the running action."""
        self._runner.cancel()

    def _run(self, what: str, width: float, stop: StopCheck | None) -> Any:
        client = self._runner.ready(self._clients, stop)
        device = self.device()
        goal = self._command.goal(self._settings, self._record.position(width))
        answer = self._runner.run(client, goal, what, self._settings.action_timeout, stop)
        if answer.status != GoalStatus.STATUS_SUCCEEDED and not answer.result.stalled:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {what} ended with status {answer.status}")
        told = self._told(answer.result)
        self._last = None if told is None else (device, told)
        return answer.result

    def _told(self, result: Any) -> float | None:
        """Width in m by a result, None where it does not say."""
        position = self._command.told(result)
        return None if position is None else self._record.width_at(position)


CONVENTION = Convention(CommandGripper, lambda: GripperCommand)
