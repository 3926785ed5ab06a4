"""Plans a whole pick: pre-grasp, straight approach, lift, of the first feasible candidate."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from dense_grasp_core.motion.candidates import check_height, check_stop, none_feasible, of_candidate
from dense_grasp_core.motion.cartesian import MayTouch, describe, nothing, straight_line
from dense_grasp_core.motion.collision import CollisionQueries
from dense_grasp_core.motion.interfaces import TARGET, PickPlan, PickRequest, PlanError, StopCheck
from dense_grasp_core.motion.planner_parts import PlannerParts
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
#: So many feasible candidates are compared by their joint travel before the first path is searched.
_COMPARED = 2
#: Radians of joint travel that one place in the order of preference is worth.
_RANK_WORTH = 0.15


@dataclass(frozen=True)
class _Option:
    candidate: int
    approach: Array
    lift: Array
    cost: float


def plan_pick(parts: PlannerParts, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
    """The pick of the best feasible candidate.

    Raises PlanError START_IN_COLLISION, UNREACHABLE (no inverse kinematics), GOAL_IN_COLLISION (reached only
    in collision or below the minimum height), PLANNING_FAILED (no path), PLANNER_UNAVAILABLE; Canceled.
    """
    began = time.monotonic()
    stages: dict[str, float] = {}
    start = np.asarray(request.start, dtype=float)
    checker = parts.checkers.in_world(request.world, start, stop)
    stages["scene"] = time.monotonic() - began
    failures: list[PlanError] = []
    pending: list[_Option] = []
    candidates = list(enumerate(request.candidates))
    while candidates or pending:
        mark = time.monotonic()
        while candidates and len(pending) < _COMPARED:
            check_stop(stop)
            index, pose = candidates.pop(0)
            try:
                pending.append(_option(parts, checker, request, index, np.asarray(pose, dtype=float), start))
            except PlanError as error:
                failures.append(error)
        stages["kinematics"] = stages.get("kinematics", 0.0) + time.monotonic() - mark
        if not pending:
            break
        pending.sort(key=lambda option: option.cost)
        option = pending.pop(0)
        mark = time.monotonic()
        try:
            parts.checkers.last_look(option.approach, nothing, stop)
            parts.checkers.last_look(option.lift, _carried(request), stop)
            to_pre_grasp = parts.path_finder.joint_move(checker, start, option.approach[0], stop)
        except PlanError as error:
            failures.append(of_candidate(error))
            continue
        finally:
            stages["path"] = stages.get("path", 0.0) + time.monotonic() - mark
        mark = time.monotonic()
        # An object that is put back goes both ways backwards.
        approach = parts.timing.timed(option.approach, parts.config.approach_speed, reversible=True)
        lift = parts.timing.timed(option.lift, parts.config.lift_speed, reversible=True)
        stages["timing"] = time.monotonic() - mark
        pose = np.asarray(request.candidates[option.candidate], dtype=float)
        return PickPlan(to_pre_grasp, approach, lift, pose, option.candidate, time.monotonic() - began, stages)
    if not failures:
        raise PlanError(GraspCode.UNREACHABLE, "there is no grasp candidate to plan for")
    raise none_feasible(failures, "grasp candidates")


def _option(
    parts: PlannerParts, checker: CollisionQueries, request: PickRequest, index: int, pose: Array, start: Array
) -> _Option:
    check_height("the grasp", pose, parts.config.scene.table_height, request.minimum_height)
    pre_grasp, lifted = pose.copy(), pose.copy()
    pre_grasp[:3, 3] -= request.pre_grasp_distance * pose[:3, 2]
    lifted[2, 3] += request.lift_height
    for where, stand in (("pre-grasp", pre_grasp), ("grasp", pose)):
        contacts = checker.hand_contacts(stand)
        if contacts:
            raise PlanError(GraspCode.GOAL_IN_COLLISION, f"{where}: {describe(contacts)}")
    carried = _carried(request)
    failure = PlanError(GraspCode.UNREACHABLE, "no inverse kinematics for the pre-grasp pose")
    for q in parts.kinematics.solutions(pre_grasp, start):
        if not checker.free(q):
            failure = PlanError(GraspCode.GOAL_IN_COLLISION, f"pre-grasp: {describe(checker.contacts(q))}")
            continue
        try:
            approach = straight_line(parts.kinematics, q, pose, checker)
            lift = straight_line(parts.kinematics, approach[-1], lifted, checker, may_touch=carried)
        except PlanError as error:
            if failure.code != GraspCode.GOAL_IN_COLLISION:
                failure = error
            continue
        return _Option(index, approach, lift, float(np.max(np.abs(q - start))) + _RANK_WORTH * index)
    raise failure


def _carried(request: PickRequest) -> MayTouch:
    """What may touch on the way up, as a part of the object is in the hand."""
    return (lambda pair: TARGET in pair) if request.carries_target else nothing
