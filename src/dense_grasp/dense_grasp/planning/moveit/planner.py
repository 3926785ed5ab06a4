"""Plans picks with MoveIt: what touches what and the way to a joint goal are asked of MoveIt, through a port.

Each question takes milliseconds, so MoveIt is asked about what is to be taken only, when our own checker, which has the
same scene, found nothing in the way; about lines every 2 cm.

Everything else is the embedded planner's own code: candidates and their order, inverse kinematics, straight lines,
codes and sentences. So each planner is given the same goals and answers in the same words. MoveIt's own inverse
kinematics and Cartesian path are not used: the first gives one random branch, the second hands back points 0.1 s
apart, between which a jump from one branch to another cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from dense_grasp_core.motion.cartesian import MayTouch, describe, nothing
from dense_grasp_core.motion.collision import HELD_OBJECT, CollisionChecker
from dense_grasp_core.motion.in_process_planner import EmbeddedConfig, EmbeddedPlanner
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
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import CollisionScene, scene_of, seen_cells
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.planning.moveit import codes as moveit_codes
from dense_grasp.planning.moveit.interface import MoveItInterface, PathQuestion, PresentScene, SceneObject
from dense_grasp.planning.moveit.planning_scene import HELD, NAME_PREFIX, carried, scene_change, scene_objects
from dense_grasp.planning.moveit.retiming import retimed

Array = np.ndarray
#: Every so many points of a straight line, which are 5 mm apart, MoveIt is asked; our own checker sees them all.
SAMPLE_EVERY = 4
#: m between a pose and where MoveIt's own kinematics put the same link.
KINEMATICS_TOLERANCE = 0.005
#: Answers that say nothing of the arm, and nothing else here needs what they lack: there is no kinematics plugin
#: (NO_IK_SOLUTION), or no transform from the planning frame to the base (FRAME_TRANSFORM_FAILURE).
NOT_ANSWERED = (-31, -21)


class MoveItChecker(CollisionChecker):
    """Our own checks, beside which MoveIt can be asked about the scene that it has now."""

    def __init__(self, robot: RobotModel, scene: CollisionScene, port: MoveItInterface, stop: StopCheck | None):
        super().__init__(robot, scene)
        self._moveit = port
        self._stop = stop

    def moveit_contacts(self, path: Array) -> list[list[tuple[str, str]]]:
        """For each of the positions (N, 7) the pairs that touch as MoveIt says, our objects by their short names."""
        answers = self._moveit.contacts(np.atleast_2d(np.asarray(path, dtype=float)), self._stop)
        return [[(_short(a), _short(b)) for a, b in pairs] for pairs in answers]


class MoveItPlanner(EmbeddedPlanner):
    """MotionPlanner over MoveItInterface. For one thread at a time; nobody else may change this MoveIt's scene."""

    def __init__(self, robot: RobotModel, config: EmbeddedConfig, port: MoveItInterface, scaling: tuple[float, float]):
        super().__init__(robot, config)
        self._moveit = port
        self._scaling = scaling
        self._stop: StopCheck | None = None
        self._known = ""

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises PlanError PLANNER_UNAVAILABLE unless MoveIt answers."""
        self._moveit.scene(stop)

    def plan_joints(self, start: Array, goal: Array, world: WorldModel, stop: StopCheck | None = None) -> Trajectory:
        """A collision-free way to the joint goal (7,)."""
        with self._stoppable(stop):
            return super().plan_joints(start, goal, world, stop)

    def find_joint_positions(
        self, places: Sequence[Sequence[Array]], start: Array, world: WorldModel, stop: StopCheck | None = None
    ) -> list[Array | None]:
        """For each place joint positions (7,) with the tool centre point at one of its poses (4, 4), or None: our own
        checker says so, MoveIt has its say about the way there.
        """
        with self._stoppable(stop):
            return super().find_joint_positions(places, start, world, stop)

    def plan_line(
        self, start: Array, base_from_tcp: Array, speed: float | None = None, stop: StopCheck | None = None
    ) -> Trajectory:
        """A straight line of the tool centre point to the pose (4, 4); checked against the robot itself only."""
        with self._stoppable(stop):
            return super().plan_line(start, base_from_tcp, speed, stop)

    def plan_pick(self, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
        """Pre-grasp, straight approach and lift of the first feasible candidate."""
        with self._stoppable(stop):
            return super().plan_pick(request, stop)

    def plan_place(self, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
        """The way over the place, straight down and back up of the first feasible candidate."""
        with self._stoppable(stop):
            return super().plan_place(request, stop)

    def collision_checker(self, world: WorldModel, start: Array) -> MoveItChecker:
        """Gives MoveIt the scene. Clearance is given up when the start has less of it.

        Raises PlanError START_IN_COLLISION, PLANNER_UNAVAILABLE; PlanCanceled.
        """
        start = np.asarray(start, dtype=float)
        present = self._present(start)
        cells, held = seen_cells(self.config.scene, world, self.robot, seen_from=start)
        scene = replace(scene_of(self.config.scene, cells, held), tcp_workspace=self.tcp_workspace(start))
        contacts: list[tuple[str, str]] = []
        for clearance in dict.fromkeys((self.config.scene.clearance, 0.0)):
            self._change(present, scene_objects(self.config.scene, cells, self.robot, clearance, held))
            checker = MoveItChecker(self.robot, replace(scene, clearance=clearance), self._moveit, self._stop)
            contacts = checker.contacts(start) or checker.moveit_contacts(start)[0]
            if not contacts:
                return checker
            present = self._moveit.scene(self._stop)
        raise PlanError(GraspCode.START_IN_COLLISION, f"the arm starts in collision: {describe(contacts)}")

    def self_collision_checker(self) -> MoveItChecker:
        """Collision checks of the robot against itself only: takes our objects out of MoveIt's scene."""
        self._change(self._moveit.scene(self._stop), carried(self.robot))
        return MoveItChecker(self.robot, CollisionScene((), 0.0), self._moveit, self._stop)

    def check_path(self, checker: CollisionChecker, path: Array, may_touch: MayTouch = nothing) -> None:
        """Asks MoveIt about a straight line (N, 7). Raises PlanError GOAL_IN_COLLISION."""
        assert isinstance(checker, MoveItChecker)
        # All at once, since an answer takes longer to come than to be found.
        sampled = sorted({*range(0, len(path), SAMPLE_EVERY), len(path) - 1})
        for index, touching in zip(sampled, checker.moveit_contacts(path[sampled]), strict=True):
            pairs = [pair for pair in touching if not may_touch(pair)]
            if pairs:
                share = index / (len(path) - 1)
                raise PlanError(
                    GraspCode.GOAL_IN_COLLISION, f"straight line: {describe(pairs)} after {100 * share:.0f} % of it"
                )

    def joint_move(self, checker: CollisionChecker, start: Array, goal: Array, stop: StopCheck | None) -> Trajectory:
        """A timed collision-free path by MoveIt, within our limits. Raises PlanError, PlanCanceled."""
        assert isinstance(checker, MoveItChecker)
        start, goal = np.asarray(start, dtype=float), np.asarray(goal, dtype=float)
        _check_goal(checker.contacts(goal))
        question = PathQuestion(start, goal, self.config.path.allowed_time, *self._scaling)
        answer = self._moveit.plan(question, stop)
        if answer.code != moveit_codes.SUCCESS:
            _check_goal(checker.moveit_contacts(goal)[0])
            raise moveit_codes.failure(self._moveit.who, answer.code, answer.message)
        trajectory = retimed(self._moveit.who, answer, self, start, goal)
        # MoveIt checked this path; one that another pipeline or a smoothing spline bent our own checker finds out.
        if not checker.untouched(trajectory.positions[1:]):
            raise PlanError(GraspCode.PLANNING_FAILED, f"the path that {self._moveit.who} gave touches an obstacle")
        return trajectory

    def _present(self, start: Array) -> PresentScene:
        present = self._moveit.scene(self._stop)
        missing = [name for name in self.joint_names if name not in present.joints]
        if missing:
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} plans for the robot {present.model!r}, which has no joint {missing[0]} (it has: "
                f"{', '.join(present.joints) or 'none'}); check robot_type and prefix",
            )
        if present.model != self._known:
            self._check_kinematics(start)
            self._known = present.model
        return present

    def _check_kinematics(self, start: Array) -> None:
        """One question that only a MoveIt for this very arm answers: where the flange is, in the robot's base frame."""
        link = f"{self.robot.name}_link8"
        pose = self.robot.frame_pose(start, link)
        code, positions = self._moveit.solve(link, pose, start, self._stop)
        if code in NOT_ANSWERED:
            return
        if code != moveit_codes.SUCCESS:
            error = moveit_codes.failure(self._moveit.who, code, f"group {self._moveit.group!r}, link {link}")
            raise PlanError(GraspCode.PLANNER_UNAVAILABLE, str(error))
        apart = float(np.linalg.norm(self.robot.frame_pose(positions, link)[:3, 3] - pose[:3, 3]))
        if apart > KINEMATICS_TOLERANCE:
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} puts {link} {1000 * apart:.0f} mm from where the robot description does; "
                "does it plan for this arm?",
            )

    def _change(self, present: PresentScene, objects: tuple[SceneObject, ...]) -> None:
        if not self._moveit.change(scene_change(present, objects), self._stop):
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} refused the scene in the frame {self.robot.base_frame}; does it know this frame?",
            )

    @contextmanager
    def _stoppable(self, stop: StopCheck | None) -> Iterator[None]:
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None


def _check_goal(contacts: list[tuple[str, str]]) -> None:
    if contacts:
        raise PlanError(GraspCode.GOAL_IN_COLLISION, f"the goal of the path is in collision: {describe(contacts)}")


def _short(name: str) -> str:
    return HELD_OBJECT if name == HELD else name.removeprefix(NAME_PREFIX)
