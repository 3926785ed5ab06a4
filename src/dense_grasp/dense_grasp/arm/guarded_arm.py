"""An arm that is sent only what keeps the limits of the configuration, and believed only where its joints are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Arm
from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.motion.trajectory_check import START_TOLERANCE, MotionBounds, check_trajectory
from dense_grasp_core.motion.urdf import joint_limits
from dense_grasp_core.motion.velocity_limits import near_ends
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.arm.arrival import check_arrival
from dense_grasp.arm.robot_description import RobotDescription
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.ros.waiting import Deadline, StopCheck, wait_in_callback

#: s in which the joint states have to follow to where a motion ended before the next begins.
STATE_TIMEOUT = 0.5


class GuardedArm:
    """Arm that checks a trajectory before it hands it on, and afterwards that it came to its end.

    Raises as the arm, and GraspFailure PLANNING_FAILED, NOT_AT_GOAL.
    """

    def __init__(
        self,
        arm: Arm,
        settings: RobotSettings,
        description: RobotDescription,
        tcp_pose: Callable[[np.ndarray], np.ndarray],
    ):
        self._arm = arm
        self._settings = settings
        self._description = description
        self._tcp_pose = tcp_pose
        self.positions = arm.positions
        self.wait_still = arm.wait_still
        self.stop = arm.stop

    def execute(self, trajectory: Trajectory, stop: StopCheck | None = None) -> None:
        """Returns when the trajectory is done and the arm is at its end."""
        urdf = self._description.text(stop)
        if not urdf:
            raise GraspFailure(
                GraspCode.PLANNER_UNAVAILABLE,
                f"nothing arrived on {self._description.topic}: without the robot's description no motion is checked",
            )
        wait_in_callback(lambda: self._starts_here(trajectory), Deadline(STATE_TIMEOUT), stop)
        try:
            bounds = motion_bounds(self._settings, urdf)
        except DenseGraspError as error:
            raise GraspFailure(GraspCode.PLANNER_UNAVAILABLE, f"no limits to check a motion by: {error}") from error
        try:
            check_trajectory(trajectory, bounds, self._tcp_pose, self._arm.positions())
        except PlanError as error:
            raise GraspFailure(error.code, str(error)) from error
        self._arm.execute(trajectory, stop)
        check_arrival(trajectory, self._arm.positions, self._settings.goal_tolerance, self._tcp_pose, stop)

    def _starts_here(self, trajectory: Trajectory) -> bool:
        apart = np.abs(np.asarray(trajectory.start) - self._arm.positions())
        return bool(np.max(apart) <= START_TOLERANCE)


def motion_bounds(settings: RobotSettings, urdf: str) -> MotionBounds:
    """What every motion of this arm keeps. Raises DenseGraspError for limits that are none."""
    lower, upper, velocity = joint_limits(urdf, settings.joint_names)
    limits = MotionLimits.scaled(
        velocity,
        settings.acceleration_limits,
        settings.velocity_scaling,
        settings.acceleration_scaling,
        near_ends(urdf, settings.joint_names, settings.robot_type),
    )
    return MotionBounds(lower, upper, limits, *settings.tcp_workspace, settings.tcp_speed)
