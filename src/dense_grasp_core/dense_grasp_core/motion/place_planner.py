"""Plans how the hand puts down what it holds: over the place, straight down, and back without it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dense_grasp_core.motion.cartesian import MayTouch, describe
from dense_grasp_core.motion.collision import HELD_OBJECT, CollisionChecker
from dense_grasp_core.motion.interfaces import PlacePlan, PlaceRequest, PlanCanceled, PlanError, StopCheck
from dense_grasp_core.result_codes import GraspCode

if TYPE_CHECKING:
    from dense_grasp_core.motion.in_process_planner import EmbeddedPlanner

Array = np.ndarray
#: m over the release from which on the held object may touch what it is put on. Made of cells of 2 cm, it seems to
#: reach deeper than it does by that and the clearance.
LAST_STRETCH = 0.03
#: The code of one failed candidate of several is told, the first of these that there is: of the one that came farthest.
_FARTHEST = (GraspCode.PLANNING_FAILED, GraspCode.GOAL_IN_COLLISION)


@dataclass(frozen=True)
class _Ways:
    """Joint paths (N, 7): down to LAST_STRETCH, from there to the release, back."""

    down: Array
    last: Array
    back: Array


def plan_place(planner: EmbeddedPlanner, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
    """The place of the first feasible candidate.

    Raises PlanError START_IN_COLLISION, UNREACHABLE (no inverse kinematics), GOAL_IN_COLLISION (reached only in
    collision or below the minimum height), PLANNING_FAILED (no path); PlanCanceled.
    """
    began = time.monotonic()
    start = np.asarray(request.start, dtype=float)
    checker = planner.collision_checker(request.world, start)
    empty = CollisionChecker(planner.robot, replace(checker.scene, held=None))
    touches = _touches(request.touches)
    failures: list[PlanError] = []
    for index, candidate in enumerate(request.candidates):
        if stop is not None and stop():
            raise PlanCanceled("planning was canceled")
        pose = np.asarray(candidate, dtype=float)
        try:
            ways = _ways(planner, checker, empty, request, pose, touches)
        except PlanError as error:
            failures.append(error)
            continue
        try:
            planner.check_path(checker, ways.down)
            planner.check_path(checker, ways.last, touches)
            to_above = planner.joint_move(checker, start, ways.down[0], stop)
            # A planner that keeps a scene of its own is asked about the way back with the object out of it.
            released = planner.collision_checker(replace(request.world, in_hand=False), ways.back[0])
            planner.check_path(released, ways.back)
        except PlanError as error:
            failures.append(error)
            # The scene of the next candidate is the one with the object in the hand.
            checker = planner.collision_checker(request.world, start)
            continue
        lower = planner.timed(np.concatenate([ways.down, ways.last[1:]]), planner.config.approach_speed)
        retreat = planner.timed(ways.back, planner.config.lift_speed)
        return PlacePlan(to_above, lower, retreat, pose, index, time.monotonic() - began)
    raise _summary(failures)


def _ways(
    planner: EmbeddedPlanner,
    checker: CollisionChecker,
    empty: CollisionChecker,
    request: PlaceRequest,
    pose: Array,
    touches: MayTouch,
) -> _Ways:
    table = planner.config.scene.table_height
    floor = (table if table is not None else -np.inf) + request.minimum_height
    if pose[2, 3] < floor:
        raise PlanError(
            GraspCode.GOAL_IN_COLLISION, f"the release is at z = {pose[2, 3]:.3f} m, lowest allowed is {floor:.3f} m"
        )
    above, near, back = pose.copy(), pose.copy(), pose.copy()
    above[2, 3] += request.above
    near[2, 3] += min(LAST_STRETCH, request.above)
    back[:3, 3] -= request.retreat * pose[:3, 2]
    contacts = empty.hand_contacts(pose)
    if contacts:
        raise PlanError(GraspCode.GOAL_IN_COLLISION, f"release: {describe(contacts)}")
    failure = PlanError(GraspCode.UNREACHABLE, "no inverse kinematics over the place")
    for q in planner.kinematics.solutions(above, np.asarray(request.start, dtype=float)):
        if not checker.free(q):
            failure = PlanError(GraspCode.GOAL_IN_COLLISION, f"over the place: {describe(checker.contacts(q))}")
            continue
        try:
            down = planner.straight_path(checker, q, near)
            last = planner.straight_path(checker, down[-1], pose, touches)
            return _Ways(down, last, planner.straight_path(empty, last[-1], back))
        except PlanError as error:
            if failure.code != GraspCode.GOAL_IN_COLLISION:
                failure = error
    raise failure


def _touches(obstacles: frozenset[str]) -> MayTouch:
    """What may touch in the last stretch: the held object, and nothing of the robot, one of the obstacles."""
    return lambda pair: HELD_OBJECT in pair and not obstacles.isdisjoint(pair)


def _summary(failures: list[PlanError]) -> PlanError:
    if not failures:
        return PlanError(GraspCode.UNREACHABLE, "there is no pose to release the object at")
    codes = [failure.code for failure in failures]
    code = next((code for code in _FARTHEST if code in codes), codes[0])
    reasons = Counter(str(failure) for failure in failures if failure.code == code)
    text = "; ".join(f"{reason} ({count}x)" if count > 1 else reason for reason, count in reasons.most_common(2))
    return PlanError(code, f"none of {len(failures)} poses to release it is feasible: {text}")
