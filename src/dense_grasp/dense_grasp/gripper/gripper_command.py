"""The convention of control_msgs/GripperCommand, as GripperActionController of ros2_controllers has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from rclpy.node import Node

from dense_grasp.gripper.action_runner import OPEN_TOLERANCE, ActionRunner, GripperSettings
from dense_grasp.ros.device_life import DeviceLife
from dense_grasp.ros.waiting import StopCheck


class CommandGripper:
    """control_msgs/GripperCommand under the first of `namespaces`; positions are those of one joint, as the record has
    them, and max_effort is the force in N.
    """

    COMMAND = GripperCommand

    def __init__(self, node: Node, namespaces: Sequence[str], settings: GripperSettings, callback_group=None):
        self._record = settings.record
        action = f"{namespaces[0]}/{self._record.command}"
        self._settings = settings
        self._runner = ActionRunner(node, settings)
        self._clients = {action: ActionClient(node, GripperCommand, action, callback_group=callback_group)}
        self._life = DeviceLife(node, [action])
        #: The device and the width (m) that it ended its last command at.
        self._last: tuple[int, float] | None = None

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already."""
        present = self.width()
        if present is None or abs(present - width) > OPEN_TOLERANCE:
            result = self._run("open", width, stop)
            if not result.reached_goal:
                raise GraspFailure(
                    GraspCode.GRIPPER_FAILED,
                    f"gripper: opening to {width:.3f} m ended at {self._told(result):.3f} m",
                )
            self._runner.check_opened(self._told(result), stop)

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
        goal = GripperCommand.Goal()
        goal.command.position = self._record.position(width)
        goal.command.max_effort = float(self._settings.force)
        answer = self._runner.run(client, goal, what, self._settings.action_timeout, stop)
        if answer.status != GoalStatus.STATUS_SUCCEEDED and not answer.result.stalled:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {what} ended with status {answer.status}")
        self._last = device, self._told(answer.result)
        return answer.result

    def _told(self, result: GripperCommand.Result) -> float:
        return self._record.width_at(result.position)
