"""The embedded planner: OMPL, pinocchio, coal and TOPPRA behind the MotionPlanner protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dense_grasp_core.motion.cartesian import MayTouch, describe, nothing, straight_line
from dense_grasp_core.motion.collision import CollisionChecker, in_workspace
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
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics
from dense_grasp_core.motion.path_search import PathOptions, find_path
from dense_grasp_core.motion.pick_planner import plan_pick
from dense_grasp_core.motion.place_planner import plan_place
from dense_grasp_core.motion.reachable import find_joint_positions
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import CollisionScene, SceneConfig, build_collision_scene
from dense_grasp_core.motion.timing import SPACING, MotionLimits, time_path, with_tool_speed
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray


@dataclass(frozen=True)
class EmbeddedConfig:
    """Limits and scene of the embedded planner; speeds of the tool centre point in m/s.

    tcp_workspace: lowest and highest corner (3,) m, base frame, of the box that the tool centre point stays in; None:
    anywhere.
    """

    limits: MotionLimits
    scene: SceneConfig = field(default_factory=SceneConfig)
    path: PathOptions = field(default_factory=PathOptions)
    tcp_speed: float = 0.5
    approach_speed: float = 0.1
    lift_speed: float = 0.15
    period: float = 0.02
    tcp_workspace: tuple[Array, Array] | None = None


class EmbeddedPlanner:
    """MotionPlanner of one robot model. For one thread at a time."""

    def __init__(self, robot: RobotModel, config: EmbeddedConfig):
        if len(config.limits.velocity) != len(robot.joint_names):
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{len(config.limits.velocity)} joint limits are configured, "
                f"{robot.name} has {len(robot.joint_names)} joints",
            )
        self.robot = robot
        self.config = replace(config, limits=replace(config.limits, near_ends=robot.near_ends))
        self.kinematics = InverseKinematics(robot)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Arm joints in the order of every position vector."""
        return self.robot.joint_names

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Nothing: what works in this process is there."""

    def tcp_pose(self, positions: Array) -> Array:
        """base_from_tcp (4, 4) at `positions` (7,)."""
        return self.robot.tcp_pose(positions)

    def plan_joints(self, start: Array, goal: Array, world: WorldModel, stop: StopCheck | None = None) -> Trajectory:
        """A collision-free way to the joint goal (7,)."""
        goal = np.asarray(goal, dtype=float)
        if not self.robot.within_limits(goal):
            worst = int(np.argmax(np.maximum(self.robot.lower - goal, goal - self.robot.upper)))
            raise PlanError(
                GraspCode.UNREACHABLE,
                f"the goal has {self.joint_names[worst]} at {goal[worst]:.4f} rad, expected "
                f"{self.robot.lower[worst]:.4f} to {self.robot.upper[worst]:.4f}, where this arm lets it move",
            )
        return self.joint_move(self.collision_checker(world, start), start, goal, stop)

    def find_joint_positions(
        self, places: Sequence[Sequence[Array]], start: Array, world: WorldModel, stop: StopCheck | None = None
    ) -> list[Array | None]:
        """For each place joint positions (7,) with the tool centre point at one of its poses (4, 4), or None."""
        return find_joint_positions(self.kinematics, self.collision_checker(world, start), places, start, stop)

    def plan_line(
        self, start: Array, base_from_tcp: Array, speed: float | None = None, stop: StopCheck | None = None
    ) -> Trajectory:
        """A straight line of the tool centre point to the pose (4, 4); checked against the robot itself only."""
        checker = self.self_collision_checker()
        path = self.straight_path(checker, np.asarray(start, dtype=float), np.asarray(base_from_tcp, dtype=float))
        self.check_path(checker, path)
        return self.timed(path, speed or self.config.lift_speed)

    def plan_pick(self, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
        """Pre-grasp, straight approach and lift of the first feasible candidate."""
        return plan_pick(self, request, stop)

    def plan_place(self, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
        """The way over the place, straight down and back up of the first feasible candidate."""
        return plan_place(self, request, stop)

    def collision_checker(self, world: WorldModel, start: Array) -> CollisionChecker:
        """Collision checks in `world`. Clearance is given up when the start has less of it.

        Raises PlanError START_IN_COLLISION when the arm touches something at `start` (7,).
        """
        scene = build_collision_scene(self.config.scene, world, self.robot, seen_from=start)
        scene = replace(scene, tcp_workspace=self.tcp_workspace(start))
        checker = CollisionChecker(self.robot, scene)
        if checker.free(start):
            return checker
        checker = CollisionChecker(self.robot, replace(scene, clearance=0.0))
        if checker.free(start):
            return checker
        raise PlanError(
            GraspCode.START_IN_COLLISION, f"the arm starts in collision: {describe(checker.contacts(start))}"
        )

    def tcp_workspace(self, start: Array) -> tuple[Array, Array] | None:
        """Of a plan from `start` (7,): the configured one, or none for an arm that has to come back to it."""
        workspace = self.config.tcp_workspace
        return (
            workspace if workspace is not None and in_workspace(self.robot.tcp_pose(start)[:3, 3], workspace) else None
        )

    def self_collision_checker(self) -> CollisionChecker:
        """Collision checks of the robot against itself only."""
        return CollisionChecker(self.robot, CollisionScene((), 0.0))

    def straight_path(
        self, checker: CollisionChecker, start: Array, base_from_tcp: Array, may_touch: MayTouch = nothing
    ) -> Array:
        """Joint path (N, 7) of a straight line on which nothing touches but what `may_touch` names.

        Raises PlanError UNREACHABLE, GOAL_IN_COLLISION.
        """
        return straight_line(self.kinematics, start, base_from_tcp, checker, may_touch=may_touch)

    def check_path(self, checker: CollisionChecker, path: Array, may_touch: MayTouch = nothing) -> None:
        """A last look at a straight line (N, 7) that is to be taken, for planners that know more than our checker.

        Raises PlanError GOAL_IN_COLLISION.
        """

    def joint_move(self, checker: CollisionChecker, start: Array, goal: Array, stop: StopCheck | None) -> Trajectory:
        """A timed collision-free path; the timed spline is checked, too. Raises PlanError, PlanCanceled."""
        for _ in range(3):
            path = find_path(checker, start, goal, self.config.path, stop)
            for spacing in (SPACING, SPACING / 4):
                trajectory = self.timed(path, self.config.tcp_speed, spacing)
                if checker.untouched(trajectory.positions):
                    return trajectory
        raise PlanError(GraspCode.PLANNING_FAILED, "the smoothed path touches an obstacle, three times over")

    def timed(self, path: Array, tcp_speed: float, spacing: float = SPACING, reversible: bool = False) -> Trajectory:
        """The path (N, 7) timed within joint limits and a speed limit of the tool centre point.

        reversible: the limits hold for the way back, too.
        """
        names, config = self.robot.joint_names, self.config
        trajectory = time_path(names, path, config.limits, config.period, spacing, reversible)
        return with_tool_speed(trajectory, self.robot.tcp_pose, tcp_speed)
