"""Plans picks with MoveIt: what touches what and the way to a joint goal are asked of MoveIt, through a port.

The other parts are the embedded planner's own: candidates and their order, inverse kinematics, straight lines, codes
and sentences. So each planner is given the same goals and answers in the same words. MoveIt's own inverse kinematics
and Cartesian path are not used: the first gives one random branch, the second hands back points 0.1 s apart, between
which a jump from one branch to another cannot be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_core.motion.cartesian import describe
from dense_grasp_core.motion.collision import CollisionQueries, densify
from dense_grasp_core.motion.in_process_planner import in_process_parts
from dense_grasp_core.motion.interfaces import PlanError, StopCheck, Trajectory
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.timing import PathTiming
from dense_grasp_core.result_codes import GraspCode

from dense_grasp.planning.moveit import codes as moveit_codes
from dense_grasp.planning.moveit.checkers import MoveItCheckers, moveit_contacts
from dense_grasp.planning.moveit.interface import MoveItInterface, PathQuestion
from dense_grasp.planning.moveit.retiming import retimed

Array = np.ndarray
#: rad between the points of a path that our own checker sees.
STEP = 0.02


@dataclass(frozen=True)
class MoveItPathFinder:
    """PathFinder over MoveItInterface.

    allowed_time: s that MoveIt may search; scaling: factors of MoveIt's own velocity and acceleration limits in 0..1;
    tcp_speed: m/s of the tool centre point at most.
    """

    port: MoveItInterface
    timing: PathTiming
    tcp_speed: float
    allowed_time: float
    scaling: tuple[float, float]

    def joint_move(self, checker: CollisionQueries, start: Array, goal: Array, stop: StopCheck | None) -> Trajectory:
        """A timed collision-free path by MoveIt, within our limits. Raises PlanError, Canceled."""
        start, goal = np.asarray(start, dtype=float), np.asarray(goal, dtype=float)
        _check_goal(checker.contacts(goal))
        answer = self.port.plan(PathQuestion(start, goal, self.allowed_time, *self.scaling), stop)
        if answer.code != moveit_codes.SUCCESS:
            _check_goal(moveit_contacts(self.port, goal, stop)[0])
            raise moveit_codes.failure(self.port.who, answer.code, answer.message)
        trajectory = retimed(self.port.who, answer, self.timing, self.tcp_speed, start, goal)
        # MoveIt checked this path; one that another pipeline or a smoothing spline bent our own checker finds out.
        for positions in densify(trajectory.positions[1:], STEP):
            if not checker.untouched(positions[None]):
                touching = describe(checker.contacts(positions))
                raise PlanError(GraspCode.PLANNING_FAILED, f"on the path that {self.port.who} gave {touching}")
        return trajectory


def moveit_planner(
    robot: RobotModel, config: PlannerConfig, port: MoveItInterface, scaling: tuple[float, float]
) -> PickPlanner:
    """The planner over a MoveIt. scaling: as in MoveItPathFinder. Raises PlanError."""
    own = in_process_parts(robot, config)
    return PickPlanner(
        replace(
            own,
            checkers=MoveItCheckers(robot, config.scene, port, config.tcp_workspace),
            path_finder=MoveItPathFinder(port, own.timing, config.tcp_speed, config.path.allowed_time, scaling),
        )
    )


def _check_goal(contacts: list[tuple[str, str]]) -> None:
    if contacts:
        raise PlanError(GraspCode.GOAL_IN_COLLISION, f"the goal of the path is in collision: {describe(contacts)}")
