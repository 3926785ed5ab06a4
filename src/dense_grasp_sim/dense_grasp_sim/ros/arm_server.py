"""FollowJointTrajectory for the simulated arm, with joint_trajectory_controller's checks and error codes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from control_msgs.action import FollowJointTrajectory
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.trajectory_goal import points_of, seconds_of, tolerances_of, why_rejected
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectoryPoint

from dense_grasp_sim.devices.arm import MotionStatus, SimulatedMotion
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.physics.trajectory import JointSpline

TrajectoryResult = FollowJointTrajectory.Result
FEEDBACK_PERIOD = 0.05  # s
ABORT_FAULT_AFTER = 0.3  # s

ERROR_CODES = {
    MotionStatus.SUCCEEDED: TrajectoryResult.SUCCESSFUL,
    MotionStatus.CANCELED: TrajectoryResult.SUCCESSFUL,
    MotionStatus.PREEMPTED: TrajectoryResult.INVALID_GOAL,
    MotionStatus.ABORTED: TrajectoryResult.INVALID_GOAL,
    MotionStatus.PATH_VIOLATED: TrajectoryResult.PATH_TOLERANCE_VIOLATED,
    MotionStatus.GOAL_VIOLATED: TrajectoryResult.GOAL_TOLERANCE_VIOLATED,
}


class ArmServer:
    """The action server of the arm's trajectory controller."""

    def __init__(self, node: Node, simulator: Simulator, fault: Callable[[], str]) -> None:
        self._node, self._simulator, self._fault = node, simulator, fault
        names = simulator.cell.names
        self._joints = names.arm_joints
        self._limits = np.array([simulator.model.joint(name).range for name in self._joints])
        self.server = ActionServer(
            node,
            FollowJointTrajectory,
            f"{names.prefix}{names.robot_type}_arm_controller/follow_joint_trajectory",
            execute_callback=long_callback(node, self._execute),
            goal_callback=self._check,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def _check(self, goal: FollowJointTrajectory.Goal) -> GoalResponse:
        reason = why_rejected(goal.trajectory, self._joints, self._limits)
        if reason:
            self._node.get_logger().error(f"trajectory rejected: {reason}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _execute(self, handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
        simulator, trajectory = self._simulator, handle.request.trajectory
        with simulator.lock:
            reference = simulator.arm.reference
            start = seconds_of(trajectory.header.stamp) or simulator.time
            try:
                points = points_of(trajectory, self._joints, reference.positions, reference.velocities)
                spline = JointSpline(*points)
            except DenseGraspError as error:
                handle.abort()
                return TrajectoryResult(error_code=TrajectoryResult.PATH_TOLERANCE_VIOLATED, error_string=str(error))
            if start + spline.duration < simulator.time:
                handle.abort()
                late = simulator.time - start - spline.duration
                return TrajectoryResult(
                    error_code=TrajectoryResult.OLD_HEADER_TIMESTAMP,
                    error_string=f"the trajectory ended {late:.3f} s ago",
                )
            motion = simulator.arm.follow(spline, start, tolerances_of(handle.request, self._joints))
        self._wait(handle, motion)
        return self._finish(handle, motion)

    def _wait(self, handle: ServerGoalHandle, motion: SimulatedMotion) -> None:
        next_feedback = 0.0
        while not motion.done.wait(0.01):
            simulator = self._simulator
            if not self._node.context.ok():  # the physics ends, and with it nothing ends any more
                return
            if handle.is_cancel_requested:
                with simulator.lock:
                    if motion.running:
                        simulator.arm.stop(simulator.time)
                self._wait_for_rest()
                return
            status, when = self._fault_of(motion)
            if status is not None and simulator.time > when:
                with simulator.lock:
                    if motion.running:
                        simulator.arm.stop(simulator.time, status, f"fault {self._fault()}")
                self._wait_for_rest()
                return
            if time.monotonic() >= next_feedback:
                next_feedback = time.monotonic() + FEEDBACK_PERIOD
                handle.publish_feedback(self._feedback())

    def _fault_of(self, motion: SimulatedMotion) -> tuple[MotionStatus | None, float]:
        """With what the fault that is switched on ends the motion, and when; None: it does not."""
        if self._fault() == "controller_aborts":
            return MotionStatus.ABORTED, motion.start + ABORT_FAULT_AFTER
        if self._fault() == "controller_lies":
            return MotionStatus.SUCCEEDED, motion.start + 0.5 * motion.spline.duration
        return None, np.inf

    def _wait_for_rest(self) -> None:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            with self._simulator.lock:
                if np.abs(self._simulator.arm.velocities(self._simulator.data)).max() < 0.01:
                    return
            time.sleep(0.005)

    def _feedback(self) -> FollowJointTrajectory.Feedback:
        with self._simulator.lock:
            arm, data = self._simulator.arm, self._simulator.data
            desired, positions, velocities = arm.reference, arm.positions(data), arm.velocities(data)
        feedback = FollowJointTrajectory.Feedback(joint_names=self._joints)
        feedback.desired = _point(desired.positions, desired.velocities)
        feedback.actual = _point(positions, velocities)
        feedback.error = _point(desired.positions - positions, desired.velocities - velocities)
        return feedback

    def _finish(self, handle: ServerGoalHandle, motion: SimulatedMotion) -> FollowJointTrajectory.Result:
        if motion.status is MotionStatus.SUCCEEDED:
            handle.succeed()
        elif motion.status is MotionStatus.CANCELED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
            self._node.get_logger().warning(f"trajectory aborted: {motion.message}")
        return TrajectoryResult(error_code=ERROR_CODES[motion.status], error_string=motion.message)


def _point(positions: np.ndarray, velocities: np.ndarray) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(
        positions=[float(value) for value in positions], velocities=[float(value) for value in velocities]
    )
