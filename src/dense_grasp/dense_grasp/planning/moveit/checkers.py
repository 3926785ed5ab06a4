"""What touches what, asked of our own checker and, about what is to be taken only, of a MoveIt with the same scene.

Each question takes milliseconds, so MoveIt is asked when our own checker found nothing in the way; about lines every
2 cm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from dense_grasp_core.motion.cartesian import MayTouch, describe
from dense_grasp_core.motion.collision import HELD_OBJECT, OUTSIDE, CollisionChecker, workspace_of_plan
from dense_grasp_core.motion.interfaces import PlanError, StopCheck, WorldModel
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import CollisionScene, SceneConfig, scene_of, seen_cells
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.planning.moveit import codes as moveit_codes
from dense_grasp.planning.moveit.interface import MoveItInterface, PresentScene, SceneObject
from dense_grasp.planning.moveit.planning_scene import (
    HELD,
    NAME_PREFIX,
    TOOL_POINT,
    WORKSPACE,
    carried,
    scene_change,
    scene_objects,
)

Array = np.ndarray
#: Every so many points of a straight line, which are 5 mm apart, MoveIt is asked; our own checker sees them all.
SAMPLE_EVERY = 4
#: m between a pose and where MoveIt's own kinematics put the same link.
KINEMATICS_TOLERANCE = 0.005
#: Answers that say nothing of the arm, and nothing else here needs what they lack: there is no kinematics plugin
#: (NO_IK_SOLUTION), or no transform from the planning frame to the base (FRAME_TRANSFORM_FAILURE).
NOT_ANSWERED = (-31, -21)
#: Our own checker's words for what is in MoveIt's scene under another name.
_WORDS = {HELD: HELD_OBJECT, TOOL_POINT: OUTSIDE[0], WORKSPACE: OUTSIDE[1]}


class MoveItCheckers:
    """CollisionCheckers over MoveItInterface: our own ones, whose scene MoveIt is given, too.

    MoveIt has one scene, that of the newest checker; nobody else may change what in it is ours. tcp_workspace: as in
    PlannerConfig.
    """

    def __init__(
        self,
        robot: RobotModel,
        scene: SceneConfig,
        port: MoveItInterface,
        tcp_workspace: tuple[Array, Array] | None = None,
    ):
        self._robot = robot
        self._scene = scene
        self._moveit = port
        self._tcp_workspace = tcp_workspace
        #: Name of the robot that MoveIt was last found to plan for, our own arm.
        self._known = ""

    def check_available(self, stop: StopCheck | None) -> None:
        """Raises PlanError PLANNER_UNAVAILABLE unless MoveIt answers."""
        self._moveit.scene(stop)

    def in_world(self, world: WorldModel, start: Array, stop: StopCheck | None) -> CollisionChecker:
        """Gives MoveIt the scene. Clearance is given up when the start has less of it.

        Raises PlanError START_IN_COLLISION, PLANNER_UNAVAILABLE; Canceled.
        """
        start = np.asarray(start, dtype=float)
        present = self._present(start, stop)
        cells, held = seen_cells(self._scene, world, self._robot, seen_from=start)
        workspace = workspace_of_plan(self._robot, self._tcp_workspace, start)
        scene = replace(scene_of(self._scene, cells, held), tcp_workspace=workspace)
        contacts: list[tuple[str, str]] = []
        for clearance in dict.fromkeys((self._scene.clearance, 0.0)):
            self._change(present, scene_objects(self._scene, cells, self._robot, clearance, held, workspace), stop)
            checker = CollisionChecker(self._robot, replace(scene, clearance=clearance))
            contacts = checker.contacts(start) or moveit_contacts(self._moveit, start, stop)[0]
            if not contacts:
                return checker
            present = self._moveit.scene(stop)
        raise PlanError(GraspCode.START_IN_COLLISION, f"the arm starts in collision: {describe(contacts)}")

    def without_world(self, stop: StopCheck | None) -> CollisionChecker:
        """Collision checks of the robot against itself only: takes our objects out of MoveIt's scene."""
        self._change(self._moveit.scene(stop), carried(self._robot), stop)
        return CollisionChecker(self._robot, CollisionScene((), 0.0))

    def last_look(self, path: Array, may_touch: MayTouch, stop: StopCheck | None) -> None:
        """Asks MoveIt about a straight line (N, 7). Raises PlanError GOAL_IN_COLLISION."""
        # All at once, since an answer takes longer to come than to be found.
        sampled = sorted({*range(0, len(path), SAMPLE_EVERY), len(path) - 1})
        for index, touching in zip(sampled, moveit_contacts(self._moveit, path[sampled], stop), strict=True):
            pairs = [pair for pair in touching if not may_touch(pair)]
            if pairs:
                share = index / (len(path) - 1)
                raise PlanError(
                    GraspCode.GOAL_IN_COLLISION, f"straight line: {describe(pairs)} after {100 * share:.0f} % of it"
                )

    def _present(self, start: Array, stop: StopCheck | None) -> PresentScene:
        present = self._moveit.scene(stop)
        missing = [name for name in self._robot.joint_names if name not in present.joints]
        if missing:
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} plans for the robot {present.model!r}, which has no joint {missing[0]} (it has: "
                f"{', '.join(present.joints) or 'none'}); check robot_type and prefix",
            )
        if present.model != self._known:
            self._check_kinematics(start, stop)
            self._known = present.model
        return present

    def _check_kinematics(self, start: Array, stop: StopCheck | None) -> None:
        """One question that only a MoveIt for this very arm answers: where the flange is, in the robot's base frame."""
        link = f"{self._robot.name}_link8"
        pose = self._robot.frame_pose(start, link)
        code, positions = self._moveit.solve(link, pose, start, stop)
        if code in NOT_ANSWERED:
            return
        if code != moveit_codes.SUCCESS:
            error = moveit_codes.failure(self._moveit.who, code, f"group {self._moveit.group!r}, link {link}")
            raise PlanError(GraspCode.PLANNER_UNAVAILABLE, str(error))
        apart = float(np.linalg.norm(self._robot.frame_pose(positions, link)[:3, 3] - pose[:3, 3]))
        if apart > KINEMATICS_TOLERANCE:
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} puts {link} {1000 * apart:.0f} mm from where the robot description does; "
                "does it plan for this arm?",
            )

    def _change(self, present: PresentScene, objects: tuple[SceneObject, ...], stop: StopCheck | None) -> None:
        if not self._moveit.change(scene_change(present, objects), stop):
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self._moveit.who} refused the scene in the frame {self._robot.base_frame}; does it know this frame?",
            )


def moveit_contacts(port: MoveItInterface, path: Array, stop: StopCheck | None) -> Sequence[list[tuple[str, str]]]:
    """For each of the positions (N, 7) the pairs that touch as MoveIt says, our objects by their short names."""
    answers = port.contacts(np.atleast_2d(np.asarray(path, dtype=float)), stop)
    return [[(_short(a), _short(b)) for a, b in pairs] for pairs in answers]


def _short(name: str) -> str:
    return _WORDS.get(name, name.removeprefix(NAME_PREFIX))
