"""The motions of one goal: every one of them is counted and watched."""

from __future__ import annotations

import numpy as np

from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.interfaces import Arm, Array, GraspSettings
from dense_grasp_core.motion.interfaces import MotionPlanner, PlanError, Trajectory, WorldModel
from dense_grasp_core.result_codes import Stage


class ArmMoves:
    """Moves the arm for one goal. Raises GraspFailure, PlanError, Canceled."""

    def __init__(self, arm: Arm, planner: MotionPlanner, settings: GraspSettings, run: GoalRun):
        self._arm = arm
        self._planner = planner
        self._settings = settings
        self._run = run

    def execute(self, trajectory: Trajectory) -> None:
        """Returns when the trajectory is done."""
        self._run.moves()
        self._arm.execute(trajectory, self._run.stop)
        self._run.stop.check()

    def to_joints(self, pose: Array, world: WorldModel) -> None:
        """Goes to a joint pose (J,) around what is in the world."""
        start = self._arm.positions()
        self.execute(self._run.timed(lambda: self._planner.plan_joints(start, pose, world, self._run.stop)))

    def observe(self, pose: Array, detail: str, world: WorldModel | None = None) -> None:
        """Goes to an observation pose (J,), up first where the hand is low, and waits until the arm is still.

        world: what is held and what is around it; None: nothing is known, which is no obstacle.
        """
        positions = self._arm.positions()
        if np.max(np.abs(positions - pose)) > self._settings.observe_tolerance:
            self._run.stage(Stage.OBSERVING, detail)
            if self._raise_to_safe_height(positions):
                self._arm.wait_still(self._run.stop)
            self.to_joints(pose, world or WorldModel())
        self._arm.wait_still(self._run.stop)

    def _raise_to_safe_height(self, positions: Array) -> bool:
        """Goes straight up when the hand is low; a shorter way where the arm cannot go so far. True when it moved."""
        pose = self._planner.tcp_pose(positions)
        missing = self._settings.safe_height - pose[2, 3]
        for part in (1.0, 0.5, 0.25) if missing > 0.0 else ():
            higher = pose.copy()
            higher[2, 3] += part * missing
            try:
                line = self._run.timed(lambda: self._planner.plan_line(positions, higher, None, self._run.stop))  # noqa: B023
            except PlanError:
                continue
            self.execute(line)
            return True
        return False


def backwards(trajectory: Trajectory) -> Trajectory:
    """The same way back in the same time."""
    times = trajectory.duration - trajectory.times[::-1]
    return Trajectory(trajectory.joint_names, times, trajectory.positions[::-1], -trajectory.velocities[::-1])
