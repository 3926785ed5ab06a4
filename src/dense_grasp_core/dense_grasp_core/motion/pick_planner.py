"""Plans a whole pick: pre-grasp, straight approach, lift, of the first feasible candidate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dense_grasp_core.motion.candidates import check_height, check_stop, none_feasible
from dense_grasp_core.motion.cartesian import MayTouch, describe, nothing
from dense_grasp_core.motion.collision import CollisionChecker
from dense_grasp_core.motion.interfaces import TARGET, PickPlan, PickRequest, PlanError, StopCheck
from dense_grasp_core.result_codes import GraspCode

if TYPE_CHECKING:
    from dense_grasp_core.motion.in_process_planner import EmbeddedPlanner

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


def plan_pick(planner: EmbeddedPlanner, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
    """The pick of the best feasible candidate.

    Raises PlanError START_IN_COLLISION, UNREACHABLE (no inverse kinematics), GOAL_IN_COLLISION (reached only
    in collision or below the minimum height), PLANNING_FAILED (no path); PlanCanceled.
    """
    began = time.monotonic()
    stages: dict[str, float] = {}
    start = np.asarray(request.start, dtype=float)
    checker = planner.collision_checker(request.world, start)
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
                pending.append(_option(planner, checker, request, index, np.asarray(pose, dtype=float), start))
            except PlanError as error:
                failures.append(error)
        stages["kinematics"] = stages.get("kinematics", 0.0) + time.monotonic() - mark
        if not pending:
            break
        pending.sort(key=lambda option: option.cost)
        option = pending.pop(0)
        mark = time.monotonic()
        try:
            planner.check_path(checker, option.approach)
            planner.check_path(checker, option.lift, _carried(request))
            to_pre_grasp = planner.joint_move(checker, start, option.approach[0], stop)
        except PlanError as error:
            failures.append(error)
            continue
        finally:
            stages["path"] = stages.get("path", 0.0) + time.monotonic() - mark
        mark = time.monotonic()
        # An object that is put back goes both ways backwards.
        approach = planner.timed(option.approach, planner.config.approach_speed, reversible=True)
        lift = planner.timed(option.lift, planner.config.lift_speed, reversible=True)
        stages["timing"] = time.monotonic() - mark
        pose = np.asarray(request.candidates[option.candidate], dtype=float)
        return PickPlan(to_pre_grasp, approach, lift, pose, option.candidate, time.monotonic() - began, stages)
    if not failures:
        raise PlanError(GraspCode.UNREACHABLE, "there is no grasp candidate to plan for")
    raise none_feasible(failures, "grasp candidates")


def _option(
    planner: EmbeddedPlanner, checker: CollisionChecker, request: PickRequest, index: int, pose: Array, start: Array
) -> _Option:
    check_height("the grasp", pose, planner.config.scene.table_height, request.minimum_height)
    pre_grasp, lifted = pose.copy(), pose.copy()
    pre_grasp[:3, 3] -= request.pre_grasp_distance * pose[:3, 2]
    lifted[2, 3] += request.lift_height
    for where, stand in (("pre-grasp", pre_grasp), ("grasp", pose)):
        contacts = checker.hand_contacts(stand)
        if contacts:
            raise PlanError(GraspCode.GOAL_IN_COLLISION, f"{where}: {describe(contacts)}")
    carried = _carried(request)
    failure = PlanError(GraspCode.UNREACHABLE, "no inverse kinematics for the pre-grasp pose")
    for q in planner.kinematics.solutions(pre_grasp, start):
        if not checker.free(q):
            failure = PlanError(GraspCode.GOAL_IN_COLLISION, f"pre-grasp: {describe(checker.contacts(q))}")
            continue
        try:
            approach = planner.straight_path(checker, q, pose)
            lift = planner.straight_path(checker, approach[-1], lifted, carried)
        except PlanError as error:
            if failure.code != GraspCode.GOAL_IN_COLLISION:
                failure = error
            continue
        return _Option(index, approach, lift, float(np.max(np.abs(q - start))) + _RANK_WORTH * index)
    raise failure


def _carried(request: PickRequest) -> MayTouch:
    """What may touch on the way up, as a part of the object is in the hand."""
    return (lambda pair: TARGET in pair) if request.carries_target else nothing
