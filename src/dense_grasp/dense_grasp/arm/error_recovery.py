"""Franka's automatic error recovery: after a reflex (a push, a limit) the arm refuses to move until it was called."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from action_msgs.msg import GoalStatus
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Arm
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.motion.trajectory_check import START_TOLERANCE
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.shared_parameters import recovery_action
from franka_msgs.action import ErrorRecovery
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.arm.controller_recovery import ControllerRecovery, manager_beside
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.ros.waiting import POLL, Deadline, StopCheck, check, wait_future

TIMEOUT = 10.0  # s
#: s of wall clock in which joint states come again after a recovery.
STATES_TIMEOUT = 5.0
#: After these codes the robot may stand in an error of its own.
RECOVERABLE = (GraspCode.CONTROLLER_ABORTED, GraspCode.CONTROLLER_REJECTED)


class Recovery(Protocol):
    """Clears the robot's error."""

    def recover(self, stop: StopCheck | None = None) -> str:
        """Says what came of it: "" when the robot is ready again. Raises Canceled."""


class FrankaRecovery:
    """The action of franka_hardware's action server."""

    def __init__(self, node: Node, action: str, callback_group: CallbackGroup | None = None):
        self._action = action
        self._client = ActionClient(node, ErrorRecovery, action, callback_group=callback_group)

    def recover(self, stop: StopCheck | None = None) -> str:
        """Says what came of it: "" when the robot is ready again. Raises Canceled."""
        if not self._client.server_is_ready():
            return f"no error recovery: there is no action server {self._action}"
        deadline = Deadline(TIMEOUT)
        try:
            handle = wait_future(self._client.send_goal_async(ErrorRecovery.Goal()), deadline, stop)
            if not handle.accepted:
                return f"{self._action} refused to recover"
            status = wait_future(handle.get_result_async(), deadline, stop).status
        except TimeoutError:
            return f"{self._action} did not recover within {TIMEOUT} s"
        return "" if status == GoalStatus.STATUS_SUCCEEDED else f"{self._action} ended with status {status}"


class RecoverySteps:
    """One recovery after the other, until one fails; `controllers` is the one that makes controllers active again."""

    def __init__(self, robot: Recovery, controllers: ControllerRecovery):
        self._robot = robot
        self._controllers = controllers

    def recover(self, stop: StopCheck | None = None) -> str:
        """Says what came of it: "" when the robot is ready again. Raises Canceled."""
        return self._robot.recover(stop) or self._controllers.recover(stop)

    def done(self) -> str:
        """What was done besides the robot's own recovery; "" for nothing."""
        return self._controllers.done

    def advice(self) -> str:
        """What an operator can do about an arm that still refuses trajectories."""
        return f"if its hardware or controller is not active: {self._controllers.by_hand}"


class RecoveringArm:
    """An arm whose errors are cleared once a motion.

    The motion is tried again where the arm still stands at its start; an arm that was stopped on its way is ready
    for the next goal, but this motion has failed.
    """

    def __init__(
        self,
        arm: Arm,
        recovery: Recovery,
        done: Callable[[], str] = lambda: "",
        advice: Callable[[], str] = lambda: "",
    ):
        """done: what the last recovery did, advice: what to do about an arm that rejects what it is sent after one."""
        self._arm = arm
        self._recovery = recovery
        self._done = done
        self._advice = advice
        self.positions = arm.positions
        self.wait_still = arm.wait_still
        self.stop = arm.stop

    def execute(self, trajectory: Trajectory, stop: StopCheck | None = None) -> None:
        """Returns when the trajectory is done. Raises as the arm."""
        try:
            self._arm.execute(trajectory, stop)
            return
        except GraspFailure as failure:
            if failure.code not in RECOVERABLE:
                raise
            reason = self._recovery.recover(stop)
            if reason:
                raise GraspFailure(failure.code, f"{failure}; {reason}") from failure
            cleared = "; ".join(filter(None, ("the robot's error was cleared", self._done())))
            if np.max(np.abs(np.asarray(trajectory.start) - self._present(stop))) > START_TOLERANCE:
                raise GraspFailure(failure.code, f"{failure}; {cleared}") from failure
        try:
            self._arm.execute(trajectory, stop)
        except GraspFailure as failure:
            advice = self._advice() if failure.code == GraspCode.CONTROLLER_REJECTED else ""
            raise GraspFailure(failure.code, "; ".join(filter(None, (str(failure), cleared, advice)))) from failure

    def _present(self, stop: StopCheck | None) -> np.ndarray:
        """Positions (J,) rad; whoever tells them may have been asleep with the hardware."""
        deadline = Deadline(STATES_TIMEOUT)
        while True:
            try:
                return self._arm.positions()
            except GraspFailure:
                if deadline.expired:
                    raise
            check(stop)
            time.sleep(POLL)


def make_recovering(
    node: Node, values: Mapping[str, Any], robot: RobotSettings, arm: Arm, callback_group: CallbackGroup | None = None
) -> Arm:
    """The arm for the values of robot_parameters.ERROR_RECOVERY: wrapped unless error_recovery is "never"."""
    if values["error_recovery"] == "never":
        return arm
    beside, controller = manager_beside(robot.arm_action)
    franka = FrankaRecovery(
        node, values["error_recovery_action"] or recovery_action(robot.namespace, robot.prefix), callback_group
    )
    manager = values["controller_manager"] or beside
    controllers = ControllerRecovery(node, manager, controller, robot.joint_names, callback_group)
    steps = RecoverySteps(franka, controllers)
    return RecoveringArm(arm, steps, steps.done, steps.advice)
