"""FollowJointTrajectory for the simulated arm, with joint_trajectory_controller's checks and error codes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from control_msgs.action import FollowJointTrajectory
from dense_grasp_core.errors import DenseGraspError
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from .arm import Motion, MotionStatus, Tolerances
from .simulator import Simulator
from .trajectory import JointSpline, TrajectoryError

Result = FollowJointTrajectory.Result
START_TOLERANCE = 0.1  # rad between the first point, when it is at time 0, and the arm
FEEDBACK_PERIOD = 0.05  # s
ABORT_FAULT_AFTER = 0.3  # s

ERROR_CODES = {
    MotionStatus.SUCCEEDED: Result.SUCCESSFUL,
    MotionStatus.CANCELED: Result.SUCCESSFUL,
    MotionStatus.PREEMPTED: Result.INVALID_GOAL,
    MotionStatus.ABORTED: Result.INVALID_GOAL,
    MotionStatus.PATH_VIOLATED: Result.PATH_TOLERANCE_VIOLATED,
    MotionStatus.GOAL_VIOLATED: Result.GOAL_TOLERANCE_VIOLATED,
}


def seconds_of(duration: object) -> float:
    """Seconds of a builtin_interfaces Duration or Time."""
    return float(duration.sec) + 1e-9 * float(duration.nanosec)  # type: ignore[attr-defined]


def why_rejected(trajectory: JointTrajectory, joints: Sequence[str], limits: np.ndarray) -> str:
    """What is wrong with a trajectory for `joints` with `limits` (7, 2) rad; empty when it can be executed."""
    if sorted(trajectory.joint_names) != sorted(joints):
        return f"joint names are {list(trajectory.joint_names)}, expected {list(joints)}"
    if not trajectory.points:
        return "the trajectory has no points"
    order = [trajectory.joint_names.index(name) for name in joints]
    last = -1.0
    for index, point in enumerate(trajectory.points):
        time_from_start = seconds_of(point.time_from_start)
        if time_from_start < 0.0 or time_from_start <= last:
            return f"point {index} is at {time_from_start:.4f} s, expected later than {max(last, 0.0):.4f} s"
        last = time_from_start
        for field in ("positions", "velocities", "accelerations"):
            values = getattr(point, field)
            if len(values) != len(joints) and (field == "positions" or len(values)):
                return f"point {index} has {len(values)} {field}, expected {len(joints)}"
            if not np.isfinite(values).all():
                return f"{field} of point {index} are {list(values)}, expected finite numbers"
        for name, value, (low, high) in zip(joints, np.asarray(point.positions)[order], limits):
            if not low - 1e-6 <= value <= high + 1e-6:
                return f"{name} of point {index} is {value:.4f} rad, expected {low:.4f} to {high:.4f}"
    final = trajectory.points[-1].velocities
    if len(final) and np.abs(final).max() > 1e-3:
        return f"velocities of the last point are {list(final)}, expected 0"
    return ""


def spline_of(
    trajectory: JointTrajectory, joints: Sequence[str], position: np.ndarray, velocity: np.ndarray
) -> JointSpline:
    """Spline through a checked trajectory; it begins at `position`, `velocity` (7,) unless its first point is at 0.

    Raises TrajectoryError when the first point is at time 0 and too far from `position`.
    """
    order = [list(trajectory.joint_names).index(name) for name in joints]
    points = trajectory.points
    times = [seconds_of(point.time_from_start) for point in points]
    positions = np.array([point.positions for point in points])[:, order]
    velocities = accelerations = None
    if all(len(point.velocities) for point in points):
        velocities = np.array([point.velocities for point in points])[:, order]
        if all(len(point.accelerations) for point in points):
            accelerations = np.array([point.accelerations for point in points])[:, order]
    if times[0] > 0.0:
        times = [0.0, *times]
        positions = np.vstack([position, positions])
        if velocities is not None:
            velocities = np.vstack([velocity, velocities])
        if accelerations is not None:
            accelerations = np.vstack([np.zeros(7), accelerations])
    elif np.abs(positions[0] - position).max() > START_TOLERANCE:
        worst = int(np.argmax(np.abs(positions[0] - position)))
        raise TrajectoryError(
            f"the trajectory starts with {joints[worst]} at {positions[0, worst]:.4f} rad, the arm is at "
            f"{position[worst]:.4f}, allowed {START_TOLERANCE} rad apart"
        )
    return JointSpline(times, positions, velocities, accelerations)


def tolerances_of(goal: FollowJointTrajectory.Goal, joints: Sequence[str]) -> Tolerances:
    """Tolerances of a goal over the defaults; 0 keeps the default, -1 lifts the limit."""
    result = Tolerances.default()
    for limits, wanted in ((result.path, goal.path_tolerance), (result.goal, goal.goal_tolerance)):
        for tolerance in wanted:
            if tolerance.name in joints and tolerance.position != 0.0:
                limits[list(joints).index(tolerance.name)] = tolerance.position if tolerance.position > 0 else np.inf
    given = seconds_of(goal.goal_time_tolerance)
    return Tolerances(result.path, result.goal, given) if given > 0.0 else result


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
            f"/{names.prefix}{names.robot_type}_arm_controller/follow_joint_trajectory",
            execute_callback=self._execute,
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
                spline = spline_of(trajectory, self._joints, reference.positions, reference.velocities)
            except DenseGraspError as error:
                handle.abort()
                return Result(error_code=Result.PATH_TOLERANCE_VIOLATED, error_string=str(error))
            if start + spline.duration < simulator.time:
                handle.abort()
                late = simulator.time - start - spline.duration
                return Result(
                    error_code=Result.OLD_HEADER_TIMESTAMP, error_string=f"the trajectory ended {late:.3f} s ago"
                )
            motion = simulator.arm.follow(spline, start, tolerances_of(handle.request, self._joints))
        self._wait(handle, motion)
        return self._finish(handle, motion)

    def _wait(self, handle: ServerGoalHandle, motion: Motion) -> None:
        next_feedback = 0.0
        while not motion.done.wait(0.01):
            simulator = self._simulator
            if handle.is_cancel_requested:
                with simulator.lock:
                    if motion.running:
                        simulator.arm.stop(simulator.time)
                self._wait_for_rest()
                return
            if self._fault() == "controller_aborts" and simulator.time > motion.start + ABORT_FAULT_AFTER:
                with simulator.lock:
                    if motion.running:
                        simulator.arm.stop(simulator.time, MotionStatus.ABORTED, "fault controller_aborts")
                self._wait_for_rest()
                return
            if time.monotonic() >= next_feedback:
                next_feedback = time.monotonic() + FEEDBACK_PERIOD
                handle.publish_feedback(self._feedback())

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

    def _finish(self, handle: ServerGoalHandle, motion: Motion) -> FollowJointTrajectory.Result:
        if motion.status is MotionStatus.SUCCEEDED:
            handle.succeed()
        elif motion.status is MotionStatus.CANCELED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
            self._node.get_logger().warning(f"trajectory aborted: {motion.message}")
        return Result(error_code=ERROR_CODES[motion.status], error_string=motion.message)


def _point(positions: np.ndarray, velocities: np.ndarray) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(
        positions=[float(value) for value in positions], velocities=[float(value) for value in velocities]
    )
