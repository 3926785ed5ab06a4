"""The parts that a planner is composed of. A planner of another kind brings some of its own and keeps the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dense_grasp_core.motion.cartesian import MayTouch
from dense_grasp_core.motion.collision import CollisionQueries
from dense_grasp_core.motion.interfaces import StopCheck, Trajectory, WorldModel
from dense_grasp_core.motion.inverse_kinematics import Kinematics
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.timing import PathTiming

Array = np.ndarray


class CollisionCheckers(Protocol):
    """Makes what tells collisions, a checker for each scene. Every call raises PlanError PLANNER_UNAVAILABLE where
    somebody else is asked and does not answer, Canceled when `stop` became true meanwhile.
    """

    def check_available(self, stop: StopCheck | None) -> None:
        """Returns when they can be made now."""

    def in_world(self, world: WorldModel, start: Array, stop: StopCheck | None) -> CollisionQueries:
        """Collision checks in `world` for a plan from `start` (7,). Clearance is given up when the start has less.

        Raises PlanError START_IN_COLLISION when the arm touches something at the start.
        """

    def without_world(self, stop: StopCheck | None) -> CollisionQueries:
        """Collision checks of the robot against itself only."""

    def last_look(self, path: Array, may_touch: MayTouch, stop: StopCheck | None) -> None:
        """Looks at a straight line (N, 7) that is to be taken and that the newest checker found free, for checkers
        that cannot be asked about all that is tried. What `may_touch` names may touch.

        Raises PlanError GOAL_IN_COLLISION.
        """


class PathFinder(Protocol):
    """Finds the way between two positions of the arm."""

    def joint_move(self, checker: CollisionQueries, start: Array, goal: Array, stop: StopCheck | None) -> Trajectory:
        """A collision-free trajectory from `start` to `goal` (both (7,)) within the limits; `checker` is the newest.

        Raises PlanError START_IN_COLLISION, GOAL_IN_COLLISION, PLANNING_FAILED, PLANNER_UNAVAILABLE; Canceled.
        """


@dataclass(frozen=True)
class PlannerParts:
    """What a planner is composed of; all parts are of one robot, for one thread at a time.

    config: the scene's measures and the speeds of approach, lift and line.
    """

    kinematics: Kinematics
    checkers: CollisionCheckers
    path_finder: PathFinder
    timing: PathTiming
    config: PlannerConfig
