"""Finds where the held object goes, and plans the way there from where the arm is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.grasping.contacts import numbers
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import Grip
from dense_grasp_core.grasping.interfaces import Arm, Array, GraspSettings
from dense_grasp_core.motion.interfaces import (
    SEEN,
    SUPPORT,
    TABLE,
    TARGET,
    MotionPlanner,
    PlacePlan,
    PlaceRequest,
    PlanError,
    Trajectory,
    WorldModel,
)
from dense_grasp_core.placing.interfaces import PlaceGoal, PlaceOutcome, PlacePerception, Where
from dense_grasp_core.placing.release_poses import at_pose, is_of_held, on_point
from dense_grasp_core.result_codes import GraspCode, MatchCode, PlaceCode, PlaceStage

#: About the camera's optical axis.
_HALF_ROUND = np.diag([-1.0, -1.0, 1.0, 1.0])
#: m around what is held in which a point that is found is one of its own.
OWN = 0.03
#: What the held object may touch in the last centimetres.
_TOUCHES = {
    Where.ON_KEYPOINT: frozenset({TABLE, TARGET, SUPPORT}),
    Where.AT_POSE: frozenset({TABLE}),
    # It stood there among what is around it.
    Where.BACK: frozenset({TABLE, SEEN}),
}


class PlaceSearch:
    """Asks perception and planner for one goal, and notes in `outcome` what they answer. table: m, height of what
    everything that is picked up is taken to stand on.
    """

    def __init__(
        self,
        arm: Arm,
        perception: PlacePerception,
        planner: MotionPlanner,
        settings: GraspSettings,
        table: float,
        run: GoalRun,
        outcome: PlaceOutcome,
        tell: Callable[[PlaceStage, str], None],
    ):
        self._arm = arm
        self._perception = perception
        self._planner = planner
        self._settings = settings
        self._table = table
        self._run = run
        self._outcome = outcome
        self._tell = tell

    def carried(self, grip: Grip) -> WorldModel:
        """What was seen before the object was picked up, with the object in the hand."""
        return replace(grip.world, stood_at=self._table)

    def target(self, goal: PlaceGoal, grip: Grip) -> Array:
        """The point (3,) m, base frame, that the object is put on. Raises GraspFailure 100 + MatchCode."""
        name = f"{goal.target_object_id}/{goal.target_keypoint}"
        self._tell(PlaceStage.LOCATING_TARGET, name)
        self._outcome.matches = self._perception.locate(goal.target_object_id, [goal.target_keypoint], self._run.stop)
        match = self._outcome.matches[0]
        if match.code != MatchCode.OK:
            raise GraspFailure(PlaceCode.PERCEPTION + match.code, f"{name}: {match.text}")
        if not np.isfinite(match.position).all():
            raise GraspFailure(PlaceCode.PERCEPTION + MatchCode.NO_DEPTH, f"{name} has no position")
        here = self._planner.tcp_pose(self._arm.positions())
        if is_of_held(match.position, grip, here, self._table, OWN):
            raise GraspFailure(
                PlaceCode.PERCEPTION + MatchCode.AMBIGUOUS,
                f"{name} was found at {numbers(match.position)} m, which is on {grip.object_id} in the hand; expected "
                "it on another object",
            )
        return match.position

    def turned_round(self, grip: Grip) -> Array | None:
        """Joint positions (J,) that turn the camera half round about where it looks, and the hand with it: what hangs
        from the hand then hides another part of the table. None where the arm has none. Raises GraspFailure, PlanError.
        """
        start = self._arm.positions()
        base_from_camera = self._perception.camera_now(self._run.stop)
        turned = base_from_camera @ _HALF_ROUND @ inverse(base_from_camera) @ self._planner.tcp_pose(start)
        world = self.carried(grip)
        places = self._run.timed(lambda: self._planner.find_joint_positions([[turned]], start, world, self._run.stop))
        return places[0]

    def release_poses(self, goal: PlaceGoal, grip: Grip, point: Array | None) -> list[Array]:
        """base_from_tcp (4, 4) to let go at, the preferred first; point (3,) m: what to put it on, with ON_KEYPOINT."""
        if point is not None:
            return on_point(grip, point, self._table)
        if goal.pose is not None:
            return at_pose(grip, goal.pose, goal.upright)
        return [grip.base_from_tcp]

    def plan(self, goal: PlaceGoal, grip: Grip, point: Array | None) -> PlacePlan:
        """The way from where the arm is. Raises PlanError, GraspFailure, Canceled."""
        poses = self.release_poses(goal, grip, point)
        self._tell(PlaceStage.PLANNING_PLACE, f"to let go of {grip.object_id} at {numbers(poses[0][:3, 3])} m")
        self._arm.wait_still(self._run.stop)
        start = self._arm.positions()
        world = replace(self.carried(grip), put_on=point)
        if self._settings.use_depth:
            # Both pictures count: what is held hides a part of the newer one.
            world = replace(world, newer_points=self._perception.points_now(self._run.stop), newer_from=start)
        request = PlaceRequest(
            start=start,
            candidates=poses,
            world=world,
            above=self._settings.lift_height,
            retreat=self._settings.pre_grasp_distance,
            minimum_height=self._settings.minimum_height,
            touches=_TOUCHES[goal.where],
        )
        self._outcome.plan = self._run.timed(lambda: self._ask(request))
        return self._outcome.plan

    def _ask(self, request: PlaceRequest) -> PlacePlan:
        """The plan; by a straight way up first where the object still touches what is under it."""
        try:
            return self._planner.plan_place(request, self._run.stop)
        except PlanError as error:
            if error.code != GraspCode.START_IN_COLLISION:
                raise
            higher = self._planner.tcp_pose(request.start)
            higher[2, 3] += self._settings.lift_height
            try:
                up = self._planner.plan_line(request.start, higher, None, self._run.stop)
            except PlanError:
                raise error from None
        plan = self._planner.plan_place(replace(request, start=up.end), self._run.stop)
        return replace(plan, to_above=joined(up, plan.to_above))


def joined(first: Trajectory, second: Trajectory) -> Trajectory:
    """One trajectory of two that rest where they meet."""
    return Trajectory(
        first.joint_names,
        np.concatenate([first.times, first.duration + second.times[1:]]),
        np.concatenate([first.positions, second.positions[1:]]),
        np.concatenate([first.velocities, second.velocities[1:]]),
    )
