"""The stages of a grasp as plain code over protocols: no ROS, testable with fakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.arm_moves import ArmMoves, backwards
from dense_grasp_core.grasping.contacts import instead_of, numbers, summary
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import FingerMemory, HoldWatch, WeightWatch, held_range
from dense_grasp_core.grasping.interfaces import (
    Arm,
    Array,
    Candidates,
    GraspContact,
    GraspGoal,
    GraspSettings,
    Gripper,
    Located,
    Perception,
    StopCheck,
    validate,
)
from dense_grasp_core.grasping.plan_search import LOOK_AGAIN, PlanSearch
from dense_grasp_core.grasping.side_views import SideViews
from dense_grasp_core.motion.interfaces import MotionPlanner, PickPlan, PlanError
from dense_grasp_core.result_codes import GraspCode, Stage

#: Stages that a failed grasp does not end in: the arm retreats.
NEAR_THE_OBJECT = (Stage.APPROACHING, Stage.GRASPING, Stage.LIFTING, Stage.VERIFYING)
#: Range of codes after which the arm is not moved on: it was its controller that failed.
ARM_FAILED = (300, 399)


class GraspSequence:
    """Runs one goal. Raises GraspFailure or Canceled; `outcome` then tells how far it got."""

    def __init__(
        self,
        arm: Arm,
        gripper: Gripper,
        perception: Perception,
        planner: MotionPlanner,
        candidates: Candidates,
        settings: GraspSettings,
        *,
        memory: FingerMemory | None = None,
        check_ready: Callable[[StopCheck], None] = lambda stop: None,
        on_stage: Callable[[Stage, str], None] = lambda stage, detail: None,
        on_plan: Callable[[PickPlan], None] = lambda plan: None,
        stop: StopCheck | None = None,
        force: Callable[[], float | None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ):
        """memory: of the goals before. check_ready: raises GraspFailure when arm, gripper or planner is not there."""
        self._arm = arm
        self._gripper = gripper
        self._settings = settings
        self._memory = memory or FingerMemory()
        self._check_ready = check_ready
        self._stop = HoldWatch(gripper, stop, now)
        self._goal = GoalRun(self._stop, on_stage)
        self._moves = ArmMoves(arm, planner, settings, self._goal)
        self._search = PlanSearch(arm, perception, planner, candidates, settings, self._goal, on_plan)
        self._sides = SideViews(arm, perception, planner, self._moves, settings, self._goal)
        self.outcome = self._goal.outcome
        self._weight = WeightWatch(force, settings.min_lift_force)
        self._sleep = sleep
        self._commanded_fingers = False

    def run(self, goal: GraspGoal) -> str:
        """Does the whole grasp; the sentence says what was done. The arm is stopped whenever this raises.

        After a failure on the way to the object or with it the arm then goes up and to the observation pose, unless
        the arm itself failed (300..399). After a cancel it stays where it stopped. What the fingers hold they keep,
        unless it is lost.
        """
        try:
            return self._goal.through(lambda: self._run(goal), self.stop, self._ended)
        finally:
            if self._commanded_fingers:
                self._memory.left(self._gripper.live_width())

    def _ended(self, failure: GraspFailure | PlanError) -> GraspFailure:
        """The failure as it is told, after what is done about it."""
        # From here on the arm shall move whatever became of the object.
        self._stop.end()
        self._stop.failure = None
        opened = ""
        if failure.code == GraspCode.OBJECT_LOST:
            try:
                self._open()
            except (Canceled, GraspFailure) as error:
                opened = f"; the fingers did not open: {error}"
        return GraspFailure(failure.code, f"{failure}{opened}{self._to_safety(failure)}")

    def stop(self) -> None:
        """Stops arm and fingers."""
        self._arm.stop()
        self._gripper.stop()

    def _run(self, goal: GraspGoal) -> str:
        validate(goal)
        contacts, known, failures = self._search.contacts(goal)
        if not goal.plan_only:
            if not self._settings.observe_poses:
                raise GraspFailure(GraspCode.CONFIGURATION_ERROR, "observe_joints is empty, expected a pose of the arm")
            self._check_ready(self._stop)
            self._check_fingers(goal.may_drop)
        look = self._search.look if goal.plan_only else self._observe_and_plan
        plan = look(goal, known, failures)
        names = [contact.name for contact in contacts]
        if plan is None:
            raise summary([(name, failures[name]) for name in names if name in failures])
        instead = instead_of(names, failures, self.outcome.contact) + self._other_instance()
        where = numbers(plan.base_from_tcp[:3, 3])
        if goal.plan_only:
            return f"planned a grasp at {where} m, moved nothing{instead}"
        self._approach(plan)
        self._grasp(goal, plan)
        self._lift(plan)
        self._verify()
        self._after(plan)
        held = f"{1000 * self.outcome.width:.1f} mm between the fingers"
        return f"grasped {goal.object_id} at {where} m, {held}{instead}"

    def _other_instance(self) -> str:
        """What to add to a message when not the best explained of several equal objects is grasped."""
        over = self.outcome.passed_over
        return f"; another one of {self.outcome.instances} seen, because {over}" if over else ""

    def _check_fingers(self, may_drop: bool) -> None:
        """Raises GraspFailure HOLDS_OBJECT where opening the fingers would drop something, unless it may."""
        self._memory.seen(self._gripper.device())
        why = self._memory.why_held(self._gripper.width(), self._settings)
        if not why:
            self._memory.empty()
        elif not may_drop:
            raise GraspFailure(
                GraspCode.HOLDS_OBJECT,
                f"{why}, and this goal would drop it: take it out, or send the goal with may_drop: true",
            )

    def _observe_and_plan(
        self, goal: GraspGoal, contacts: Sequence[GraspContact], failures: dict[str, GraspFailure]
    ) -> PickPlan | None:
        """Looks from one pose after the other, while there is a contact that may be found from the next one."""
        self._goal.stage(Stage.OBSERVING, "opening the gripper")
        self._open()
        sought, looks = list(contacts), 0
        for _ in self._looks(goal):
            looks += 1
            plan = self._search.look(goal, sought, failures, lambda contact: self._is_doubtful(goal, contact))
            if plan is not None:
                return plan
            sought = [contact for contact in sought if failures[contact.name].code in LOOK_AGAIN]
            if not sought:
                break
        plan = self._search.plan_doubtful(failures)
        if plan is not None:
            return plan
        for contact in sought:
            failure = failures[contact.name]
            failures[contact.name] = GraspFailure(failure.code, f"{failure} (looked from {looks} poses)")
        return None

    def _is_doubtful(self, goal: GraspGoal, contact: Located) -> bool:
        """Whether a contact of a scanned object was found so badly that a look from the side is to say so, too."""
        return contact.score < self._settings.sure_score and self._sides.are_of_use(goal.object_id)

    def _looks(self, goal: GraspGoal) -> Iterator[None]:
        """Yields when the arm stands still at each: the observation poses, and from the side once the object is seen
        and it is not known how it lies, else after them.
        """
        poses = self._settings.observe_poses
        for number, pose in enumerate(poses, start=1):
            self._moves.observe(pose, f"pose {number} of {len(poses)}", self._search.seen_before())
            yield
            is_seen = self.outcome.instances > 0
            if (is_seen or number == len(poses)) and self._sides.may_help(goal.object_id):
                yield from self._sides.visit(self.outcome.matches, self._search.surroundings())

    def _approach(self, plan: PickPlan) -> None:
        self._weight.start()
        self._goal.stage(Stage.APPROACHING, "to the pre-grasp pose")
        self._moves.execute(plan.to_pre_grasp)
        self._goal.stage(Stage.APPROACHING, "straight to the grasp")
        self._moves.execute(plan.approach)

    def _grasp(self, goal: GraspGoal, plan: PickPlan) -> None:
        self._goal.stage(Stage.GRASPING, "closing")
        self._memory.forget()
        self._gripper.grasp(self._stop)
        width = _told(self._gripper.width())
        held = held_range(width, self._settings)
        if held is not None:
            self._memory.holds(held, self._search.grip(goal, plan))
            self._stop.start(held)
        self._goal.stage(Stage.GRASPING, f"{1000 * width:.1f} mm between the fingers")
        if held is None:
            self._retreat(plan)
            raise GraspFailure(
                GraspCode.NOTHING_GRASPED,
                f"the fingers closed to {1000 * width:.1f} mm, held is "
                f"{1000 * self._settings.min_grasp_width:.1f} to {1000 * self._settings.max_grasp_width:.1f} mm",
            )
        self.outcome.width = width

    def _lift(self, plan: PickPlan) -> None:
        self._goal.stage(Stage.LIFTING, f"by {self._settings.lift_height:.2f} m")
        self._moves.execute(plan.lift)

    def _verify(self) -> None:
        self._goal.stage(Stage.VERIFYING, f"for {self._settings.hold_time:.1f} s")
        step = 0.05
        for _ in range(max(1, round(self._settings.hold_time / step))):
            self._sleep(step)
            self._stop.check()
        self._measure_held()
        self._verify_weight()

    def _measure_held(self) -> None:
        """Raises GraspFailure OBJECT_LOST unless a new measurement says that the object is held."""
        self.outcome.width = _told(self._stop.measured_width())
        self._stop.judge(self.outcome.width)

    def _verify_weight(self) -> None:
        change = self._weight.small_change()
        if change is not None:
            raise GraspFailure(
                GraspCode.OBJECT_LOST,
                f"the vertical force on the hand changed by {change:.2f} N from before the approach to after lifting, "
                f"expected at least {self._weight.least:.2f} N",
            )

    def _after(self, plan: PickPlan) -> None:
        if self._settings.after_grasp == "release":
            self._open()
        elif self._settings.after_grasp == "place_back":
            self._moves.execute(backwards(plan.lift))
            self._measure_held()
            self._open()
            self._moves.execute(backwards(plan.approach))
        elif self._settings.after_grasp == "deliver" and self._settings.deliver_joints is not None:
            self._deliver(plan, self._settings.deliver_joints)

    def _deliver(self, plan: PickPlan, pose: Array) -> None:
        """Brings the object to a joint pose (J,) and opens there; it is part of the arm on the way."""
        self._goal.stage(Stage.DELIVERING, "to deliver_joints")
        self._moves.to_joints(pose, self._search.world_with_held(plan))
        self._measure_held()
        self._goal.stage(Stage.DELIVERING, "opening the gripper")
        self._open()

    def _open(self) -> None:
        """Opens the fingers on purpose: from here on they hold nothing."""
        self._stop.end()
        self._commanded_fingers = True
        self._memory.opening()
        self._gripper.open(self._settings.open_width, self._stop)
        self._memory.empty()

    def _retreat(self, plan: PickPlan) -> None:
        """Opens the fingers and goes straight up: what was not grasped shall not be dragged along."""
        self._open()
        self._moves.execute(plan.lift)

    def _to_safety(self, failure: GraspFailure | PlanError) -> str:
        """Brings the arm to the first observation pose where that is called for; what to say about it."""
        if self._goal.reached not in NEAR_THE_OBJECT or ARM_FAILED[0] <= failure.code <= ARM_FAILED[1]:
            return ""
        try:
            self._moves.observe(self._settings.observe_poses[0], "retreating")
        except Canceled:
            return "; the retreat was canceled"
        except (GraspFailure, PlanError) as error:
            self.stop()
            return f"; the retreat failed: {error}"
        return "; the arm went back to the observation pose"


def _told(width: float | None) -> float:
    if width is None:
        raise GraspFailure(
            GraspCode.GRIPPER_FAILED, "no gripper width: no fresh finger joint states, so no grasp can be verified"
        )
    return width
