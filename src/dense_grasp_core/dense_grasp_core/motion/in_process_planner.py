"""The embedded planner: collisions by pinocchio and coal, paths by OMPL, times by TOPPRA, all in this process."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dense_grasp_core.motion.cartesian import MayTouch, describe
from dense_grasp_core.motion.collision import CollisionChecker, CollisionQueries, workspace_of_plan
from dense_grasp_core.motion.interfaces import PlanError, StopCheck, Trajectory, WorldModel
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics
from dense_grasp_core.motion.path_search import PathOptions, find_path
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig, with_near_ends
from dense_grasp_core.motion.planner_parts import PlannerParts
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import CollisionScene, SceneConfig, build_collision_scene
from dense_grasp_core.motion.timing import SPACING, PathTiming
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray


@dataclass(frozen=True)
class InProcessCheckers:
    """CollisionCheckers of this process. tcp_workspace: as in PlannerConfig."""

    robot: RobotModel
    scene: SceneConfig
    tcp_workspace: tuple[Array, Array] | None = None

    def check_available(self, stop: StopCheck | None) -> None:
        """Returns: what works in this process is there."""

    def in_world(self, world: WorldModel, start: Array, stop: StopCheck | None) -> CollisionChecker:
        """Collision checks in `world`. Clearance is given up when the start has less of it.

        Raises PlanError START_IN_COLLISION when the arm touches something at `start` (7,).
        """
        scene = build_collision_scene(self.scene, world, self.robot, seen_from=start)
        scene = replace(scene, tcp_workspace=workspace_of_plan(self.robot, self.tcp_workspace, start))
        checker = CollisionChecker(self.robot, scene)
        if checker.free(start):
            return checker
        checker = CollisionChecker(self.robot, replace(scene, clearance=0.0))
        if checker.free(start):
            return checker
        raise PlanError(
            GraspCode.START_IN_COLLISION, f"the arm starts in collision: {describe(checker.contacts(start))}"
        )

    def without_world(self, stop: StopCheck | None) -> CollisionChecker:
        """Collision checks of the robot against itself only."""
        return CollisionChecker(self.robot, CollisionScene((), 0.0))

    def last_look(self, path: Array, may_touch: MayTouch, stop: StopCheck | None) -> None:
        """Returns: the checker has seen every point of the path."""


@dataclass(frozen=True)
class OmplPathFinder:
    """PathFinder by a search in this process. tcp_speed: m/s of the tool centre point at most."""

    options: PathOptions
    timing: PathTiming
    tcp_speed: float

    def joint_move(self, checker: CollisionQueries, start: Array, goal: Array, stop: StopCheck | None) -> Trajectory:
        """A timed collision-free path; the timed spline is checked, too. Raises PlanError, Canceled."""
        for _ in range(3):
            path = find_path(checker, start, goal, self.options, stop)
            for spacing in (SPACING, SPACING / 4):
                trajectory = self.timing.timed(path, self.tcp_speed, spacing)
                if checker.untouched(trajectory.positions):
                    return trajectory
        raise PlanError(GraspCode.PLANNING_FAILED, "the smoothed path touches an obstacle, three times over")


def in_process_parts(robot: RobotModel, config: PlannerConfig) -> PlannerParts:
    """The parts of the embedded planner; another planner replaces what it does itself. Raises PlanError."""
    config = with_near_ends(config, robot)
    timing = PathTiming(robot.joint_names, config.limits, robot.tcp_pose, config.period)
    return PlannerParts(
        kinematics=InverseKinematics(robot),
        checkers=InProcessCheckers(robot, config.scene, config.tcp_workspace),
        path_finder=OmplPathFinder(config.path, timing, config.tcp_speed),
        timing=timing,
        config=config,
    )


def in_process_planner(robot: RobotModel, config: PlannerConfig) -> PickPlanner:
    """The embedded planner of one arm. Raises PlanError PLANNER_UNAVAILABLE for limits of other joints."""
    return PickPlanner(in_process_parts(robot, config))
