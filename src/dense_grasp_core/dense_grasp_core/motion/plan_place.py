"""Plans how the hand puts down what it holds: over the place, straight down, and back without it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from dense_grasp_core.motion.candidates import check_height, check_stop, none_feasible, of_candidate
from dense_grasp_core.motion.cartesian import MayTouch, describe, nothing, straight_line
from dense_grasp_core.motion.collision import HELD_OBJECT, CollisionQueries
from dense_grasp_core.motion.grasped_object import HELD_VOXEL
from dense_grasp_core.motion.interfaces import PlacePlan, PlaceRequest, PlanError, StopCheck
from dense_grasp_core.motion.planner_parts import PlannerParts
from dense_grasp_core.motion.scene import SceneConfig
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
#: m by which a depth camera may see what it is put on higher than it is.
SEEN_HIGHER = 0.005


@dataclass(frozen=True)
class _Ways:
    """Joint paths (N, 7): down to the last stretch, from there to the release, back."""

    down: Array
    last: Array
    back: Array


def plan_place(parts: PlannerParts, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
    """The place of the first feasible candidate.

    Raises PlanError START_IN_COLLISION, UNREACHABLE (no inverse kinematics), GOAL_IN_COLLISION (reached only in
    collision or below the minimum height), PLANNING_FAILED (no path), PLANNER_UNAVAILABLE; Canceled.
    """
    began = time.monotonic()
    start = np.asarray(request.start, dtype=float)
    checker = parts.checkers.in_world(request.world, start, stop)
    empty = checker.with_empty_hand()
    touches = _touches(request.touches)
    failures: list[PlanError] = []
    for index, candidate in enumerate(request.candidates):
        check_stop(stop)
        pose = np.asarray(candidate, dtype=float)
        try:
            ways = _ways(parts, checker, empty, request, pose, touches)
        except PlanError as error:
            failures.append(error)
            continue
        try:
            parts.checkers.last_look(ways.down, nothing, stop)
            parts.checkers.last_look(ways.last, touches, stop)
            to_above = parts.path_finder.joint_move(checker, start, ways.down[0], stop)
            # A planner that keeps a scene of its own is asked about the way back with the object out of it.
            parts.checkers.in_world(replace(request.world, in_hand=False), ways.back[0], stop)
            parts.checkers.last_look(ways.back, nothing, stop)
        except PlanError as error:
            failures.append(of_candidate(error))
            # The scene of the next candidate is the one with the object in the hand.
            checker = parts.checkers.in_world(request.world, start, stop)
            continue
        lower = parts.timing.timed(np.concatenate([ways.down, ways.last[1:]]), parts.config.approach_speed)
        retreat = parts.timing.timed(ways.back, parts.config.lift_speed)
        return PlacePlan(to_above, lower, retreat, pose, index, time.monotonic() - began)
    if not failures:
        raise PlanError(GraspCode.UNREACHABLE, "there is no pose to release the object at")
    raise none_feasible(failures, "poses to release it")


def last_stretch(config: SceneConfig) -> float:
    """m over the release from which on the held object may touch what it is put on.

    Made of cells, it seems to reach deeper than it does by one of them at most, and what it is put on to be higher.
    """
    return HELD_VOXEL + config.voxel + config.clearance + SEEN_HIGHER


def _ways(
    parts: PlannerParts,
    checker: CollisionQueries,
    empty: CollisionQueries,
    request: PlaceRequest,
    pose: Array,
    touches: MayTouch,
) -> _Ways:
    check_height("the release", pose, parts.config.scene.table_height, request.minimum_height)
    above, near, back = pose.copy(), pose.copy(), pose.copy()
    above[2, 3] += request.above
    near[2, 3] += min(last_stretch(parts.config.scene), request.above)
    back[:3, 3] -= request.retreat * pose[:3, 2]
    contacts = empty.hand_contacts(pose)
    if contacts:
        raise PlanError(GraspCode.GOAL_IN_COLLISION, f"release: {describe(contacts)}")
    failure = PlanError(GraspCode.UNREACHABLE, "no inverse kinematics over the place")
    for q in parts.kinematics.solutions(above, np.asarray(request.start, dtype=float)):
        if not checker.free(q):
            failure = PlanError(GraspCode.GOAL_IN_COLLISION, f"over the place: {describe(checker.contacts(q))}")
            continue
        try:
            down = straight_line(parts.kinematics, q, near, checker)
            last = straight_line(parts.kinematics, down[-1], pose, checker, may_touch=touches)
            return _Ways(down, last, straight_line(parts.kinematics, last[-1], back, empty))
        except PlanError as error:
            if failure.code != GraspCode.GOAL_IN_COLLISION:
                failure = error
    raise failure


def _touches(obstacles: frozenset[str]) -> MayTouch:
    """What may touch in the last stretch: the held object, and nothing of the robot, one of the obstacles."""
    return lambda pair: HELD_OBJECT in pair and not obstacles.isdisjoint(pair)
