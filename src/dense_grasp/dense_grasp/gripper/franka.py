"""The convention of franka_gripper: homing, move and grasp of franka_msgs, and a stop service."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from action_msgs.msg import GoalStatus
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from franka_msgs.action import Grasp, Homing, Move
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp.gripper.action_runner import OPEN_TOLERANCE, ActionRunner, GripperSettings
from dense_grasp.gripper.convention import Convention
from dense_grasp.ros.cancel import CANCEL_TIMEOUT
from dense_grasp.ros.device_life import DeviceLife
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_future


class FrankaGripper:
    """franka_msgs actions of franka_gripper, under the first of `namespaces` that answers."""

    def __init__(
        self,
        node: Node,
        namespaces: Sequence[str],
        settings: GripperSettings,
        callback_group: CallbackGroup | None = None,
    ):
        self._settings = settings
        self._runner = ActionRunner(node, settings, self._call_stop)
        #: By the action's name, and its name in each of the namespaces.
        self._clients = {
            name: {
                action: ActionClient(node, kind, action, callback_group=callback_group)
                for action in (f"{space}/{name}" for space in namespaces)
            }
            for name, kind in (("homing", Homing), ("move", Move), ("grasp", Grasp))
        }
        self._stops = [
            node.create_client(Trigger, f"{space}/stop", callback_group=callback_group) for space in namespaces
        ]
        self._life = DeviceLife(node, [action for clients in self._clients.values() for action in clients])
        #: The device that was homed last, None after a command that failed: the hand may have lost its power.
        self._homed: int | None = None

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already. Homes first where the hand's node is new, or a command
        failed: a hand that lost its power knows no more where its fingers are.
        """
        homes = self._settings.homing and self._homed != self.device()
        if homes:
            self._home(stop)
        try:
            self._move(width, stop)
        except GraspFailure:
            if homes or not self._settings.homing or self._homed is not None:
                raise
            self._home(stop)
            self._move(width, stop)

    def _home(self, stop: StopCheck | None) -> None:
        device = self.device()
        self._run("homing", Homing.Goal(), self._settings.homing_timeout, stop)
        self._homed = device

    def _move(self, width: float, stop: StopCheck | None) -> None:
        present = self.width()
        if present is None or abs(present - width) > OPEN_TOLERANCE:
            goal = Move.Goal(width=float(width), speed=2 * self._settings.speed)
            self._run("move", goal, self._settings.action_timeout, stop)
            self._runner.check_opened(width, stop)

    def grasp(self, stop: StopCheck | None = None) -> None:
        """Closes with force; any width counts, whether something is held is judged by width()."""
        goal = Grasp.Goal(width=0.0, speed=self._settings.speed, force=self._settings.force)
        # It fails unless width - inner < d < width + outer.
        goal.epsilon.inner = goal.epsilon.outer = self._settings.record.greatest_width
        self._run("grasp", goal, self._settings.action_timeout, stop)

    def width(self) -> float | None:
        """Width in m from joint states that are newer than the last motion."""
        return self._runner.width()

    def live_width(self) -> float | None:
        """Width in m from the newest joint states."""
        return self._runner.live_width()

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure GRIPPER_UNAVAILABLE, or GRIPPER_FAILED when no grasp could be verified."""
        for name in ("homing", "move", "grasp") if self._settings.homing else ("move", "grasp"):
            self._runner.ready(self._clients[name], stop)
        if self.width() is None:
            raise GraspFailure(
                GraspCode.GRIPPER_FAILED,
                f"no gripper width: no finger joint states within {self._settings.width_timeout} s, so no grasp could "
                "be verified",
            )

    def device(self) -> int:
        """Another number after the hand's node was restarted."""
        return self._life.generation()

    def stop(self) -> None:
        """Cancels the running action and calls the stop service. Fingers at rest are left alone."""
        self._runner.cancel()

    def _call_stop(self) -> None:
        for client in self._stops:
            if client.service_is_ready():
                with contextlib.suppress(TimeoutError):
                    wait_future(client.call_async(Trigger.Request()), Deadline(CANCEL_TIMEOUT))

    def _run(self, name: str, goal: Any, timeout: float, stop: StopCheck | None) -> None:
        client = self._runner.ready(self._clients[name], stop)
        answer = self._runner.run(client, goal, name, timeout, stop)
        if answer.status != GoalStatus.STATUS_SUCCEEDED or not answer.result.success:
            self._homed = None
            text = answer.result.error or "no reason given"
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {name} failed ({text})")


CONVENTION = Convention(FrankaGripper, lambda: Grasp)
