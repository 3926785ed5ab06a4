"""The stages of a place as plain code over protocols: no ROS, testable with fakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.arm_moves import ArmMoves
from dense_grasp_core.grasping.contacts import numbers
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import (
    SAME_WIDTH,
    FingerMemory,
    Grip,
    HeldRange,
    HoldWatch,
    WeightWatch,
    millimetres,
)
from dense_grasp_core.grasping.interfaces import Arm, Array, GraspSettings, Gripper, StopCheck
from dense_grasp_core.grasping.plan_search import LOOK_AGAIN
from dense_grasp_core.motion.interfaces import MotionPlanner, PlacePlan, PlanError
from dense_grasp_core.placing.interfaces import PlaceGoal, PlaceOutcome, PlacePerception, Where, validate
from dense_grasp_core.placing.place_search import PlaceSearch
from dense_grasp_core.placing.preconditions import check_pose, check_target, what_is_held
from dense_grasp_core.result_codes import PlaceCode, PlaceStage


class PlaceSequence:
    """Runs one goal. Raises GraspFailure or Canceled; `outcome` then tells how far it got."""

    def __init__(
        self,
        arm: Arm,
        gripper: Gripper,
        perception: PlacePerception,
        planner: MotionPlanner,
        settings: GraspSettings,
        table_height: float,
        *,
        memory: FingerMemory,
        check_ready: Callable[[StopCheck], None] = lambda stop: None,
        on_stage: Callable[[PlaceStage, str], None] = lambda stage, detail: None,
        stop: StopCheck | None = None,
        force: Callable[[], float | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ):
        """table_height: m, of what everything that is picked up is taken to stand on. memory: of the goals before.
        check_ready: raises GraspFailure when arm, gripper or planner is not there. force: on the hand along the
        vertical, N, None where nobody tells it.
        """
        self._arm = arm
        self._gripper = gripper
        self._perception = perception
        self._settings = settings
        self._memory = memory
        self._check_ready = check_ready
        self._on_stage = on_stage
        self._weight = WeightWatch(force, settings.min_lift_force)
        self._stop = HoldWatch(gripper, stop, now)
        self.outcome = PlaceOutcome()
        # The way to where the arm looks from is a part of locating.
        self._progress = GoalRun(self._stop, lambda stage, detail: on_stage(PlaceStage.LOCATING_TARGET, detail))
        self._moves = ArmMoves(arm, planner, settings, self._progress)
        self._search = PlaceSearch(
            arm, perception, planner, settings, table_height, self._progress, self.outcome, self._tell
        )
        self._name = ""
        self._commanded_fingers = False
        self._is_released = False

    def run(self, goal: PlaceGoal) -> str:
        """Does the whole place; the sentence says what was done. The arm is stopped whenever this raises, and stays
        there; the fingers keep what they hold, unless it is lost.
        """
        try:
            return self._progress.through(lambda: self._run(goal), self._halt, self._ended, self._where_it_is)
        finally:
            self.outcome.planning_time = self._progress.outcome.planning_time
            if self._commanded_fingers:
                self._memory.left(self._gripper.live_width())

    def _halt(self) -> None:
        self._arm.stop()
        self._gripper.stop()

    def _ended(self, failure: GraspFailure | PlanError) -> GraspFailure:
        """The failure as it is told, after what is done about it."""
        if failure.code != PlaceCode.OBJECT_LOST:
            return GraspFailure(failure.code, f"{failure}{self._where_it_is()}")
        self._stop.failure = None
        try:
            self._open()
            self._memory.empty()
            said = "; the fingers opened, and the arm stays where it is"
        except (Canceled, GraspFailure) as error:
            said = f"; the fingers did not open: {error}"
        return GraspFailure(failure.code, f"{failure}{said}")

    def _where_it_is(self) -> str:
        """The end of a sentence on what ended early."""
        if self._is_released:
            return f"; {self._name} was put down"
        return f"; the hand still holds {self._name}" if self._name and not self._commanded_fingers else ""

    def _run(self, goal: PlaceGoal) -> str:
        validate(goal)
        held, grip = what_is_held(self._memory, self._gripper, self._settings, goal.object_id)
        self._name = grip.object_id
        if goal.where == Where.ON_KEYPOINT:
            check_target(goal, grip, self._perception, self._stop)
        elif goal.where == Where.AT_POSE:
            check_pose(self._search.release_poses(goal, grip, None)[0], grip, self._settings)
        if not goal.plan_only:
            self._check_ready(self._stop)
            self._stop.start(held)
        plan = self._find_and_plan(goal, grip)
        where = f"the tool centre point at {numbers(plan.base_from_tcp[:3, 3])} m"
        if goal.plan_only:
            return f"planned to put down {self._name} with {where}, moved nothing"
        self._carry(plan)
        self._release(held)
        self._retreat(plan)
        return f"put down {self._name} with {where}"

    def _find_and_plan(self, goal: PlaceGoal, grip: Grip) -> PlacePlan:
        """With ON_KEYPOINT looks from one pose after the other, until the target is found."""
        if goal.where != Where.ON_KEYPOINT:
            return self._search.plan(goal, grip, None)
        if goal.plan_only:
            return self._search.plan(goal, grip, self._search.target(goal, grip))
        first: GraspFailure | None = None
        looks = 0
        for pose, is_extra in self._looks(grip):
            try:
                self._moves.observe(pose, f"to observation pose {looks + 1}", self._search.carried(grip))
            except PlanError:
                if is_extra:
                    continue
                raise
            looks += 1
            try:
                point = self._search.target(goal, grip)
            except GraspFailure as failure:
                if failure.code not in LOOK_AGAIN:
                    raise
                first = first or failure
            else:
                return self._search.plan(goal, grip, point)
        if first is None:
            raise GraspFailure(PlaceCode.CONFIGURATION_ERROR, "observe_joints is empty, expected a pose of the arm")
        raise GraspFailure(first.code, f"{first} (looked from {looks} poses)")

    def _looks(self, grip: Grip) -> Iterator[tuple[Array, bool]]:
        """Joint positions (J,) to look from: each observation pose, and then, True, with the hand turned round, since
        what it holds hides a part of each picture. The arm has tried one when the next is asked for.
        """
        for pose in self._settings.observe_poses:
            yield pose, False
            turned = self._search.turned_round(grip) if self._settings.use_depth else None
            if turned is not None:
                yield turned, True

    def _carry(self, plan: PlacePlan) -> None:
        self._tell(PlaceStage.CARRYING, "over the place")
        self._moves.execute(plan.to_above)
        self._tell(PlaceStage.LOWERING, f"to {plan.base_from_tcp[2, 3]:.3f} m, slowly")
        self._weight.start()
        self._moves.execute(plan.lower)

    def _release(self, held: HeldRange) -> None:
        self._tell(PlaceStage.RELEASING, "opening the gripper")
        width = self._stop.measured_width()
        if width is not None:
            self._stop.judge(width)
        self._open()
        opened, width = self._settings.open_width, self._gripper.width()
        if width is not None and held.failure(width) is None and abs(width - opened) > SAME_WIDTH:
            self._is_released = False
            raise GraspFailure(
                PlaceCode.NOT_RELEASED,
                f"the fingers were told to open to {millimetres(opened)} and are {millimetres(width)} apart, as when "
                f"they held {self._name}; the arm stays where it is",
            )
        self._memory.empty()

    def _open(self) -> None:
        """Opens the fingers on purpose."""
        self._stop.end()
        self._commanded_fingers = True
        self._memory.opening()
        self._gripper.open(self._settings.open_width, self._stop)
        self._is_released = True

    def _retreat(self, plan: PlacePlan) -> None:
        self._tell(PlaceStage.RETREATING, "back along the approach")
        self._moves.execute(plan.retreat)
        change = self._weight.small_change()
        if change is not None:
            self._is_released = False
            raise GraspFailure(
                PlaceCode.NOT_RELEASED,
                f"the fingers opened, and {self._name} came along: from carrying to after the retreat the vertical "
                f"force on the hand changed by {change:.2f} N, expected at least {self._weight.least:.2f} N",
            )

    def _tell(self, stage: PlaceStage, detail: str) -> None:
        self._stop.check()
        self._on_stage(stage, detail)
