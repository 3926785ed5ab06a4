"""Sends trajectories to the arm's controller (control_msgs/FollowJointTrajectory) and stops them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from dense_grasp.arm.heartbeat import NoPulse, Pulse
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.ros.cancel import cancel_when_accepted, confirmed_cancel
from dense_grasp.ros.waiting import Deadline, StopCheck, check_canceled, wait_future, wait_in_callback

STILL_SPEED = 0.02
#: A joint state that arrives so soon (s) after a motion may have been measured before its end.
STATE_DELAY = 0.05


class ArmClient:
    """One arm behind a FollowJointTrajectory action server.

    motion_margin: s beyond a trajectory's duration until it counts as hung; wall_factor: see Deadline.
    pulse: told of every motion, so that somebody else can stop it when this process dies.
    """

    def __init__(
        self,
        node: Node,
        action: str,
        joint_names: Sequence[str],
        monitor: JointStateMonitor,
        *,
        still_timeout: float = 5.0,
        server_timeout: float = 5.0,
        motion_margin: float = 5.0,
        wall_factor: float = 5.0,
        pulse: Pulse | None = None,
        callback_group: CallbackGroup | None = None,
    ):
        self._action = action
        self._pulse = pulse or NoPulse()
        self._names = tuple(joint_names)
        self._still_timeout = still_timeout
        self._monitor = monitor
        self._clock = node.get_clock()
        self._logger = node.get_logger()
        self._server_timeout = server_timeout
        self._motion_margin = motion_margin
        self._wall_factor = wall_factor
        self._client = ActionClient(node, FollowJointTrajectory, action, callback_group=callback_group)
        self._lock = threading.Lock()
        #: The goal that runs, or that may, as its stop was not confirmed.
        self._active = None
        self._ended = 0.0

    def positions(self) -> np.ndarray:
        """Present joint positions (J,) rad, by joint states newer than the last motion.

        Raises GraspFailure JOINT_STATE_STALE.
        """
        wait_in_callback(self._state_is_new, Deadline(self._monitor.max_age))
        return self._monitor.positions(self._names)

    def wait_still(self, stop: StopCheck | None = None) -> None:
        """Returns when no joint is faster than 0.02 rad/s, by joint states newer than the last motion.

        Raises GraspFailure EXECUTION_TIMEOUT, JOINT_STATE_STALE; Canceled.
        """
        deadline = Deadline(self._still_timeout, self._clock, self._wall_factor)

        def still() -> bool:
            return self._state_is_new() and self._monitor.speed(self._names) < STILL_SPEED

        if not wait_in_callback(still, deadline, stop):
            raise GraspFailure(
                GraspCode.EXECUTION_TIMEOUT,
                f"the arm still moves at {self._monitor.speed(self._names):.3f} rad/s after {self._still_timeout} s",
            )

    def _state_is_new(self) -> bool:
        return self._monitor.received(self._names) >= self._ended + STATE_DELAY

    def check_available(self, stop: StopCheck | None = None, names: Sequence[str] | None = None) -> None:
        """Raises GraspFailure CONTROLLER_UNAVAILABLE, and JOINT_STATE_STALE for the joints `names`, None: the arm's."""
        if not wait_in_callback(self._client.server_is_ready, Deadline(self._server_timeout), stop):
            raise GraspFailure(
                GraspCode.CONTROLLER_UNAVAILABLE,
                f"no action server {self._action} within {self._server_timeout} s; is the controller active?",
            )
        self._monitor.check(self._names if names is None else names)

    def execute(self, trajectory: Trajectory, stop: StopCheck | None = None) -> None:
        """Returns when the controller says the trajectory is done.

        Raises GraspFailure CONTROLLER_UNAVAILABLE, CONTROLLER_REJECTED, CONTROLLER_ABORTED, EXECUTION_TIMEOUT,
        JOINT_STATE_STALE; Canceled. In each of these cases the controller's goal has been canceled, or the message
        says that this was not confirmed; then the next call stops it first.
        """
        self.check_available(stop, trajectory.joint_names)
        said = self._halt()
        if said:
            raise GraspFailure(GraspCode.CONTROLLER_UNAVAILABLE, f"an earlier motion was not stopped: {said}")
        with self._pulse.moving("arm"):
            self._follow(trajectory, stop)

    def _follow(self, trajectory: Trajectory, stop: StopCheck | None) -> None:
        handle = self._send(trajectory)
        with self._lock:
            self._active = handle
        deadline = Deadline(trajectory.duration + self._motion_margin, self._clock, self._wall_factor)
        try:
            answer = wait_future(handle.get_result_async(), deadline, stop, lambda: self._watch(trajectory))
        except Canceled as error:
            raise Canceled(self._after_stop(str(error))) from error
        except GraspFailure as error:
            raise GraspFailure(error.code, self._after_stop(str(error))) from error
        except TimeoutError as error:
            text = (
                f"a motion of {trajectory.duration:.1f} s was not done after {deadline.seconds:.1f} s and was stopped"
            )
            raise GraspFailure(GraspCode.EXECUTION_TIMEOUT, self._after_stop(text)) from error
        finally:
            self._ended = time.monotonic()
        with self._lock:
            self._active = None
        check_canceled(answer.status, stop)
        result = answer.result
        if result.error_code != FollowJointTrajectory.Result.SUCCESSFUL or answer.status != GoalStatus.STATUS_SUCCEEDED:
            raise GraspFailure(
                GraspCode.CONTROLLER_ABORTED,
                f"{self._action} ended with error {result.error_code} ({result.error_string or 'no text'}), "
                f"status {answer.status}",
            )

    def _watch(self, trajectory: Trajectory) -> None:
        self._pulse.beat()
        self._monitor.check(trajectory.joint_names)

    def stop(self) -> None:
        """Cancels the running trajectory, if any; the controller then holds. Waits until that is confirmed, repeats the
        cancel where it is not, and logs what came of it.
        """
        self._halt()

    def _halt(self) -> str:
        """Stops what runs; "" when nothing runs any more, else a sentence, and the next stop tries again."""
        with self._lock:
            handle, self._active = self._active, None
        if handle is None:
            return ""
        said = confirmed_cancel(handle, self._action, beat=self._pulse.beat, warn=self._logger.warning)
        if said:
            self._logger.error(said)
            with self._lock:
                self._active = self._active or handle
        return said

    def _after_stop(self, text: str) -> str:
        said = self._halt()
        return f"{text}; {said}" if said else text

    def _send(self, trajectory: Trajectory) -> Any:
        goal = FollowJointTrajectory.Goal(trajectory=trajectory_message(trajectory))
        future = self._client.send_goal_async(goal)
        try:
            # Not stoppable: a goal on its way has to be accepted before it can be canceled.
            handle = wait_future(future, Deadline(self._server_timeout), watch=self._pulse.beat)
        except TimeoutError as error:
            cancel_when_accepted(future, self._action, self._logger.warning, self._stop_late)
            raise GraspFailure(
                GraspCode.CONTROLLER_UNAVAILABLE,
                f"{self._action} did not answer a trajectory within {self._server_timeout} s; should it still accept "
                "it, it is stopped at once",
            ) from error
        if not handle.accepted:
            raise GraspFailure(
                GraspCode.CONTROLLER_REJECTED,
                f"{self._action} rejected a trajectory of {len(trajectory.times)} points for "
                f"{', '.join(trajectory.joint_names)}; is it the controller of these joints?",
            )
        return handle

    def _stop_late(self, handle: Any) -> None:
        """Stops a goal that was accepted after it had been given up, before the next motion at the latest."""
        with self._lock:
            free = self._active is None
            self._active = self._active or handle
        if free:
            self._halt()
        else:
            confirmed_cancel(handle, self._action, warn=self._logger.warning)


def trajectory_message(trajectory: Trajectory) -> JointTrajectory:
    """The message of a trajectory; its header's stamp is zero: start at once."""
    points = []
    for seconds, positions, velocities in zip(
        trajectory.times, trajectory.positions, trajectory.velocities, strict=True
    ):
        point = JointTrajectoryPoint(positions=positions.tolist(), velocities=velocities.tolist())
        nanoseconds = round(float(seconds) * 1e9)
        point.time_from_start = Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
        points.append(point)
    return JointTrajectory(joint_names=list(trajectory.joint_names), points=points)
