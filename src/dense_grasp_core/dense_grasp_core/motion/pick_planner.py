"""MotionPlanner composed of its parts: kinematics, collision checkers, path finder, timing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dense_grasp_core.motion.cartesian import nothing, straight_line
from dense_grasp_core.motion.interfaces import (
    PickPlan,
    PickRequest,
    PlacePlan,
    PlaceRequest,
    PlanError,
    StopCheck,
    Trajectory,
    WorldModel,
)
from dense_grasp_core.motion.plan_pick import plan_pick
from dense_grasp_core.motion.plan_place import plan_place
from dense_grasp_core.motion.planner_parts import PlannerParts
from dense_grasp_core.motion.reachable import find_joint_positions
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray


@dataclass(frozen=True)
class PickPlanner:
    """MotionPlanner of one robot model: the same goals, order and words whatever the parts. For one thread at a time.

    It keeps nothing of a call: `stop` goes with the question.
    """

    parts: PlannerParts

    @property
    def robot(self) -> RobotModel:
        """The arm that all parts are of."""
        return self.parts.kinematics.robot

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Arm joints in the order of every position vector."""
        return self.robot.joint_names

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises PlanError PLANNER_UNAVAILABLE when a part cannot be asked now."""
        self.parts.checkers.check_available(stop)

    def tcp_pose(self, positions: Array) -> Array:
        """base_from_tcp (4, 4) at `positions` (7,)."""
        return self.robot.tcp_pose(positions)

    def plan_joints(self, start: Array, goal: Array, world: WorldModel, stop: StopCheck | None = None) -> Trajectory:
        """A collision-free way to the joint goal (7,)."""
        goal, robot = np.asarray(goal, dtype=float), self.robot
        if not robot.within_limits(goal):
            worst = int(np.argmax(np.maximum(robot.lower - goal, goal - robot.upper)))
            raise PlanError(
                GraspCode.UNREACHABLE,
                f"the goal has {self.joint_names[worst]} at {goal[worst]:.4f} rad, expected "
                f"{robot.lower[worst]:.4f} to {robot.upper[worst]:.4f}, where this arm lets it move",
            )
        checker = self.parts.checkers.in_world(world, start, stop)
        return self.parts.path_finder.joint_move(checker, start, goal, stop)

    def find_joint_positions(
        self, places: Sequence[Sequence[Array]], start: Array, world: WorldModel, stop: StopCheck | None = None
    ) -> list[Array | None]:
        """For each place joint positions (7,) with the tool centre point at one of its poses (4, 4), or None."""
        checker = self.parts.checkers.in_world(world, start, stop)
        return find_joint_positions(self.parts.kinematics, checker, places, start, stop)

    def plan_line(
        self, start: Array, base_from_tcp: Array, speed: float | None = None, stop: StopCheck | None = None
    ) -> Trajectory:
        """A straight line of the tool centre point to the pose (4, 4); checked against the robot itself only."""
        parts = self.parts
        checker = parts.checkers.without_world(stop)
        start, goal = np.asarray(start, dtype=float), np.asarray(base_from_tcp, dtype=float)
        path = straight_line(parts.kinematics, start, goal, checker)
        parts.checkers.last_look(path, nothing, stop)
        return parts.timing.timed(path, speed or parts.config.lift_speed)

    def plan_pick(self, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
        """Pre-grasp, straight approach and lift of the first feasible candidate."""
        return plan_pick(self.parts, request, stop)

    def plan_place(self, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
        """The way over the place, straight down and back up of the first feasible candidate."""
        return plan_place(self.parts, request, stop)
