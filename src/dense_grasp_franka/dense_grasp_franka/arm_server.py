"""FollowJointTrajectory and ErrorRecovery over Franka's control interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from control_msgs.action import FollowJointTrajectory
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.trajectory_goal import Tolerances, points_of, seconds_of, tolerances_of, why_rejected
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from franka_msgs.action import ErrorRecovery
from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectoryPoint

from dense_grasp_franka.arm import FrankaArm
from dense_grasp_franka.arm_state import ArmState, StateUnavailable
from dense_grasp_franka.motion_table import motion_through
from dense_grasp_franka.settling import goal_missed, path_deviation

TrajectoryResult = FollowJointTrajectory.Result
FEEDBACK_PERIOD = 0.05  # s
SETTLE_PERIOD = 0.01  # s
REST_TIMEOUT = 5.0  # s
SUPERSEDED = "stopped: a new trajectory was accepted"


class ArmServer:
    """The two action servers of one arm. A new trajectory brings the running one to rest and takes its place."""

    def __init__(
        self,
        node: Node,
        arm: FrankaArm,
        joints: Sequence[str],
        limits: np.ndarray,
        action: str,
        recovery_action: str,
    ) -> None:
        """limits: (7, 2) rad, of the robot's description."""
        self._node, self._arm, self._joints, self._limits = node, arm, list(joints), limits
        self._lock, self._moving = threading.Lock(), threading.Lock()
        self._newest: ServerGoalHandle | None = None
        group = ReentrantCallbackGroup()
        self.servers = [
            ActionServer(
                node,
                FollowJointTrajectory,
                action,
                execute_callback=long_callback(node, self._execute),
                goal_callback=self._check,
                cancel_callback=lambda _: CancelResponse.ACCEPT,
                callback_group=group,
            ),
            ActionServer(
                node,
                ErrorRecovery,
                recovery_action,
                execute_callback=long_callback(node, self._recover),
                callback_group=group,
            ),
        ]

    def _check(self, goal: FollowJointTrajectory.Goal) -> GoalResponse:
        reason = why_rejected(goal.trajectory, self._joints, self._limits)
        if not reason and seconds_of(goal.trajectory.header.stamp):
            reason = "its header's stamp is set, expected 0: start at once"
        if not reason and not self._arm.alive:
            reason = self._arm.lost or "the robot is not connected"
        if reason:
            self._node.get_logger().error(f"trajectory rejected: {reason}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _execute(self, handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
        with self._lock:
            self._newest = handle
        while not self._moving.acquire(timeout=SETTLE_PERIOD):  # the running trajectory sees that it is not the newest
            if handle.is_cancel_requested:
                return self._canceled(handle)
        try:
            if not self._is_newest(handle):
                return self._end(handle, TrajectoryResult.INVALID_GOAL, SUPERSEDED)
            return self._move(handle)
        finally:
            self._moving.release()

    def _move(self, handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
        try:
            state = self._at_rest()
            points = points_of(handle.request.trajectory, self._joints, state.commanded, np.zeros(7))
            motion = motion_through(points, state.commanded)
        except DenseGraspError as error:
            return self._end(handle, TrajectoryResult.PATH_TOLERANCE_VIOLATED, str(error))
        tolerances = tolerances_of(handle.request, self._joints)
        watch = _Watch(self._arm, self._joints, handle, tolerances, lambda: self._is_newest(handle))
        outcome = self._arm.follow(motion, watch.tick)
        if outcome.kind == "failed":
            return self._end(handle, TrajectoryResult.PATH_TOLERANCE_VIOLATED, outcome.message)
        if watch.violation:
            return self._end(handle, TrajectoryResult.PATH_TOLERANCE_VIOLATED, watch.violation)
        if outcome.kind == "stopped":
            if handle.is_cancel_requested:
                return self._canceled(handle)
            return self._end(
                handle, TrajectoryResult.INVALID_GOAL, "stopped" if self._is_newest(handle) else SUPERSEDED
            )
        missed = self._settle(motion.table[-1], tolerances)
        if missed:
            return self._end(handle, TrajectoryResult.GOAL_TOLERANCE_VIOLATED, missed)
        handle.succeed()
        return TrajectoryResult(error_code=TrajectoryResult.SUCCESSFUL)

    def _at_rest(self) -> ArmState:
        """The first state after the last motion. Raises StateUnavailable when none comes."""
        deadline = time.monotonic() + REST_TIMEOUT
        while True:
            state = self._arm.state()
            if state.row < 0:
                return state
            if time.monotonic() > deadline:
                raise StateUnavailable(f"the robot sent no state within {REST_TIMEOUT} s of its last motion")
            time.sleep(SETTLE_PERIOD)

    def _canceled(self, handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
        handle.canceled()
        return TrajectoryResult(error_code=TrajectoryResult.SUCCESSFUL, error_string="canceled")

    def _is_newest(self, handle: ServerGoalHandle) -> bool:
        """Whether no later trajectory was accepted."""
        with self._lock:
            return self._newest is handle

    def _settle(self, goal: np.ndarray, tolerances: Tolerances) -> str:
        """Wait until the arm is at rest in `goal`; what is missing after the goal's time tolerance, "" when nothing."""
        deadline = time.monotonic() + tolerances.goal_time
        while True:
            missing = goal_missed(self._arm.state(), goal, tolerances.goal, self._joints)
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(SETTLE_PERIOD)

    def _end(self, handle: ServerGoalHandle, code: int, message: str) -> FollowJointTrajectory.Result:
        handle.abort()
        self._node.get_logger().warning(f"trajectory aborted: {message}")
        return TrajectoryResult(error_code=code, error_string=message)

    def _recover(self, handle: ServerGoalHandle) -> ErrorRecovery.Result:
        outcome = self._arm.recover()
        if outcome.kind == "done":
            handle.succeed()
        else:
            self._node.get_logger().warning(f"error recovery failed: {outcome.message}")
            handle.abort()
        return ErrorRecovery.Result()


class _Watch:
    """Looks after one running trajectory: cancel, a newer one, path tolerance, feedback."""

    def __init__(
        self,
        arm: FrankaArm,
        joints: Sequence[str],
        handle: ServerGoalHandle,
        tolerances: Tolerances,
        is_newest: Callable[[], bool],
    ) -> None:
        self._arm, self._joints, self._handle, self._tolerances = arm, list(joints), handle, tolerances
        self._is_newest = is_newest
        self._next_feedback = 0.0
        self.violation = ""

    def tick(self) -> None:
        """Called every 20 ms while the arm moves."""
        state = self._arm.state()
        if not self.violation:
            self.violation = path_deviation(state, self._tolerances.path, self._joints)
        if self.violation or self._handle.is_cancel_requested or not self._is_newest():
            self._arm.stop()
        if time.monotonic() >= self._next_feedback:
            self._next_feedback = time.monotonic() + FEEDBACK_PERIOD
            self._handle.publish_feedback(_feedback(state, self._joints))


def _feedback(state: ArmState, joints: list[str]) -> FollowJointTrajectory.Feedback:
    feedback = FollowJointTrajectory.Feedback(joint_names=joints)
    feedback.desired = JointTrajectoryPoint(positions=state.commanded.tolist())
    feedback.actual = JointTrajectoryPoint(positions=state.positions.tolist(), velocities=state.velocities.tolist())
    feedback.error = JointTrajectoryPoint(positions=(state.commanded - state.positions).tolist())
    return feedback
