"""Finds a contact of the goal that can be grasped from where the arm is, and plans to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.grasping.closing_turn import flat_between_pads
from dense_grasp_core.grasping.contacts import (
    OUTSIDE,
    TRY_ANOTHER,
    contacts_to_try,
    found_points,
    keypoints_of,
    no_instance,
    numbers,
    object_place,
    of_each_instance,
    sort_out_unknown,
    summary,
    unknown_keypoint,
    why_none,
)
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import Grip
from dense_grasp_core.grasping.interfaces import (
    Arm,
    Array,
    Candidates,
    GraspContact,
    GraspGoal,
    GraspSettings,
    Located,
    Perception,
)
from dense_grasp_core.grasping.pinch_choice import PinchPoints
from dense_grasp_core.motion.interfaces import MotionPlanner, PickPlan, PickRequest, PlanError, Seen, WorldModel
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage

#: Codes after which looking from another pose may help.
LOOK_AGAIN = tuple(GraspCode.PERCEPTION + c for c in (MatchCode.LOW_SCORE, MatchCode.AMBIGUOUS, MatchCode.NO_DEPTH))
#: Codes of an instance of the object after which another one may lie better.
TRY_ANOTHER_INSTANCE = (*TRY_ANOTHER, OUTSIDE)
#: m between where two images put the middle of one object, at most.
SAME_INSTANCE = 0.02


@dataclass(frozen=True)
class DoubtfulFind:
    """A contact that was found, but not well enough to be grasped at once: where, and all matches of that image."""

    contact: GraspContact
    found: PinchPoints
    matches: dict[str, Located]

    @property
    def score(self) -> float:
        """Of the contact."""
        return self.matches[self.contact.name].score


class PlanSearch:
    """Asks perception and planner for one goal."""

    def __init__(
        self,
        arm: Arm,
        perception: Perception,
        planner: MotionPlanner,
        candidates: Candidates,
        settings: GraspSettings,
        run: GoalRun,
        on_plan: Callable[[PickPlan], None],
    ):
        self._arm = arm
        self._perception = perception
        self._planner = planner
        self._candidates = candidates
        self._settings = settings
        self._run = run
        self._on_plan = on_plan
        self._request: PickRequest | None = None
        self._earlier: list[Seen] = []
        self._doubtful: DoubtfulFind | None = None

    def contacts(self, goal: GraspGoal) -> tuple[list[GraspContact], list[GraspContact], dict[str, GraspFailure]]:
        """All contacts of the goal, those of them that the store knows, and why the others are passed over."""
        taught = self._perception.taught(goal.object_id, self._run.stop)
        if not taught:
            raise unknown_keypoint(goal.object_id, (), taught)
        contacts = contacts_to_try(goal, taught)
        known, failures = sort_out_unknown(goal.object_id, contacts, taught)
        if not known:
            raise summary([(contact.name, failures[contact.name]) for contact in contacts])
        return contacts, known, failures

    def look(
        self,
        goal: GraspGoal,
        contacts: Sequence[GraspContact],
        failures: dict[str, GraspFailure],
        is_doubtful: Callable[[Located], bool] = lambda contact: False,
    ) -> PickPlan | None:
        """The plan of the first contact that is found and reached in one image, None when there is none.

        `failures` gets why, by contact; of several looks at one the first counts, but for the last that found it. One
        that is doubtful is kept for `plan_doubtful`, until it is found well.
        """
        contacts, matches = self._locate(goal, contacts, failures)
        plan = self._first_plan(contacts, matches, failures, is_doubtful)
        if plan is None and self._another_may_do(contacts, failures):
            plan = self._look_at_others(goal, contacts, failures, is_doubtful)
        return plan

    def _another_may_do(self, contacts: Sequence[GraspContact], failures: dict[str, GraspFailure]) -> bool:
        """Whether the object was seen, only not where it can be grasped: one of its equals may lie better."""
        seen = self._settings.most_instances > 1 and self._run.outcome.instances > 0
        return seen and all(failures[contact.name].code in TRY_ANOTHER_INSTANCE for contact in contacts)

    def _look_at_others(
        self,
        goal: GraspGoal,
        contacts: Sequence[GraspContact],
        failures: dict[str, GraspFailure],
        is_doubtful: Callable[[Located], bool],
    ) -> PickPlan | None:
        """The plan of another instance of the object, None when there is none; then `failures` says so, too."""
        outcome, keypoints = self._run.outcome, keypoints_of(contacts)
        shown, tried = outcome.matches, object_place(outcome.matches)
        reasons = [why_none(contacts, failures)]
        look_again: dict[str, GraspFailure] = {}
        self._run.stage(Stage.LOCATING, f"another {goal.object_id}, because {reasons[0]}")
        instances = self._perception.locate_instances(
            goal.object_id, keypoints, self._settings.most_instances, self._run.stop
        )
        seen = [(matches, at) for matches in instances for at in (object_place(matches),) if at is not None]
        outcome.instances = max(1, len(seen))
        for matches, at in seen:
            if tried is not None and np.linalg.norm(at - tried) < SAME_INSTANCE:
                continue
            outcome.matches, own = matches, dict[str, GraspFailure]()
            plan = self._first_plan(contacts, dict(zip(keypoints, matches, strict=True)), own, is_doubtful)
            if plan is not None:
                outcome.passed_over = of_each_instance(reasons)
                return plan
            reasons.append(why_none(contacts, own))
            from_elsewhere = {name: failure for name, failure in own.items() if failure.code in LOOK_AGAIN}
            if from_elsewhere and not look_again:
                look_again, shown = from_elsewhere, matches
        outcome.matches = shown
        if look_again:
            failures.update(look_again)
        elif len(reasons) > 1:
            failures[contacts[0].name] = no_instance(goal.object_id, reasons)
        return None

    def _first_plan(
        self,
        contacts: Sequence[GraspContact],
        matches: dict[str, Located],
        failures: dict[str, GraspFailure],
        is_doubtful: Callable[[Located], bool],
    ) -> PickPlan | None:
        """The plan of the first contact that is found and reached."""
        points: Array | None = None
        for contact in contacts:
            try:
                found = found_points(contact, matches, self._settings.workspace_min, self._settings.workspace_max)
            except GraspFailure as failure:
                _note(failures, contact, failure)
                continue
            if is_doubtful(matches[contact.name]):
                self._keep_doubtful(DoubtfulFind(contact, found, matches), failures)
                continue
            if self._doubtful is not None and self._doubtful.contact == contact:
                self._doubtful = None  # it is known better now, also where it is out of reach
            self._run.stage(Stage.PLANNING, f"to {contact.name} at {numbers(found.contact)} m")
            if points is None:
                points = self._points(matches[contact.name].stamp_ns)
            plan = self._plan_to(contact, found, points, failures)
            if plan is not None:
                return plan
        return None

    def plan_doubtful(self, failures: dict[str, GraspFailure]) -> PickPlan | None:
        """The plan of the doubtful contact that was found best in all images, None when there is none."""
        best = self._doubtful
        if best is None:
            return None
        self._run.outcome.matches = list(best.matches.values())
        self._run.stage(Stage.PLANNING, f"to {best.contact.name}, found best with score {best.score:.2f}")
        failures.pop(best.contact.name)
        return self._plan_to(best.contact, best.found, self._points_now(), failures)

    def _keep_doubtful(self, find: DoubtfulFind, failures: dict[str, GraspFailure]) -> None:
        if self._doubtful is None or find.score > self._doubtful.score:
            self._doubtful = find
        failure = GraspFailure(
            GraspCode.PERCEPTION + MatchCode.AMBIGUOUS,
            f"{find.contact.name} was found with score {find.score:.2f}, expected {self._settings.sure_score:g} "
            "(sure_score) or more, from above or from the side",
        )
        _note(failures, find.contact, failure)

    def surroundings(self) -> WorldModel:
        """All that is seen from here, and was from where this was called before; later plans go by it, too."""
        self._earlier.append(Seen(self._points_now(), self._arm.positions()))
        return self.seen_before()

    def seen_before(self) -> WorldModel:
        """What `surroundings` saw."""
        return WorldModel(earlier=tuple(self._earlier))

    def grip(self, goal: GraspGoal, plan: PickPlan) -> Grip:
        """How the fingers close on the object by the plan, for a goal that puts it down."""
        outcome = self._run.outcome
        contact = next((match for match in outcome.matches if match.keypoint == outcome.contact), None)
        base_from_object = None if contact is None else contact.base_from_object
        world = self.world_with_held(plan)
        held_at = world.held_at
        assert held_at is not None
        tcp_from_object = None if base_from_object is None else inverse(held_at) @ base_from_object
        return Grip(goal.object_id, held_at, world, tcp_from_object)

    def world_with_held(self, plan: PickPlan) -> WorldModel:
        """What was seen for the plan, with the object in the hand that closed by it."""
        assert self._request is not None
        world = self._request.world
        held_at = flat_between_pads(world.every_point, plan.base_from_tcp)
        return replace(world, held_at=held_at, seen_from=self._request.start)

    def _locate(
        self, goal: GraspGoal, contacts: Sequence[GraspContact], failures: dict[str, GraspFailure]
    ) -> tuple[Sequence[GraspContact], dict[str, Located]]:
        """Where the contacts' keypoints are, by name, and the contacts that are left.

        One that was deleted since the contacts were listed spoils the whole answer: its contacts are passed over.
        """
        while True:
            keypoints = keypoints_of(contacts)
            self._run.stage(Stage.LOCATING, ", ".join(keypoints))
            self._run.outcome.matches = self._perception.locate(goal.object_id, keypoints, self._run.stop)
            self._run.outcome.instances = int(object_place(self._run.outcome.matches) is not None)
            unknown = [m for m in self._run.outcome.matches if m.code == MatchCode.UNKNOWN_KEYPOINT]
            if unknown and len(contacts) > 1:
                taught = self._perception.taught(goal.object_id, self._run.stop)
                left, gone = sort_out_unknown(goal.object_id, contacts, taught)
                failures.update(gone)
                if gone and left:
                    contacts = left
                    continue
            return contacts, dict(zip(keypoints, self._run.outcome.matches, strict=True))

    def _points(self, stamp_ns: int) -> Array:
        return self._perception.points(stamp_ns, self._run.stop) if self._settings.use_depth else np.zeros((0, 3))

    def _points_now(self) -> Array:
        return self._perception.points_now(self._run.stop) if self._settings.use_depth else np.zeros((0, 3))

    def _plan_to(
        self, contact: GraspContact, found: PinchPoints, points: Array, failures: dict[str, GraspFailure]
    ) -> PickPlan | None:
        """The plan of one contact; None, and `failures` says why, where another one may be reached."""
        try:
            plan = self._plan(found, points)
        except (GraspFailure, PlanError) as error:
            if error.code not in TRY_ANOTHER:
                raise
            _note(failures, contact, GraspFailure(error.code, str(error)))
            return None
        self._run.outcome.contact = contact.name
        return plan

    def _plan(self, found: PinchPoints, points: Array) -> PickPlan:
        world = WorldModel(points, found.contact, self._settings.target_radius, earlier=tuple(self._earlier))
        request = PickRequest(
            start=self._arm.positions(),
            candidates=self._candidates(found, world.every_point),
            world=world,
            pre_grasp_distance=self._settings.pre_grasp_distance,
            lift_height=self._settings.lift_height,
            minimum_height=self._settings.minimum_height,
            carries_target=found.approach_a is not None,
        )
        self._request = request
        plan = self._run.timed(lambda: self._planner.plan_pick(request, self._run.stop))
        self._run.outcome.plan = plan
        self._on_plan(plan)
        return plan


def _note(failures: dict[str, GraspFailure], contact: GraspContact, failure: GraspFailure) -> None:
    if failure.code in LOOK_AGAIN:
        failures.setdefault(contact.name, failure)
    else:
        failures[contact.name] = failure
