"""A planner is its parts: one that is replaced is used, and what belongs to a call goes with the call."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.motion.in_process_planner import in_process_parts
from dense_grasp_core.motion.interfaces import TABLE, PickRequest, PlaceRequest, PlanError, WorldModel
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.planner_parts import CollisionCheckers, PathFinder, PlannerParts
from dense_grasp_core.motion.scene import BoxObstacle, SceneConfig
from dense_grasp_core.motion.timing import PathTiming
from dense_grasp_core.result_codes import GraspCode


@dataclass(frozen=True)
class StraightJoints:
    """PathFinder that goes straight in joint space or not at all."""

    timing: PathTiming
    tcp_speed: float

    def joint_move(self, checker, start, goal, stop):
        path = np.stack([start, goal])
        if not checker.path_free(path):
            raise PlanError(GraspCode.PLANNING_FAILED, "something is on the straight way")
        return self.timing.timed(path, self.tcp_speed)


@dataclass(frozen=True)
class Heard:
    """A part, and the stops that it was handed."""

    part: CollisionCheckers | PathFinder
    stops: list

    def __getattr__(self, name):
        def call(*arguments):
            self.stops.append(arguments[-1])
            return getattr(self.part, name)(*arguments)

        return call


def straight(parts: PlannerParts) -> PickPlanner:
    return PickPlanner(replace(parts, path_finder=StraightJoints(parts.timing, parts.config.tcp_speed)))


def hanging(x: float, y: float, z: float) -> np.ndarray:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [x, y, z]
    return pose


def test_a_path_finder_of_ones_own_finds_the_way_to_the_grasp_that_the_other_parts_chose(robot, limits, observe):
    parts = in_process_parts(robot, PlannerConfig(limits))
    request = PickRequest(observe, [hanging(0.5, 0.1, 0.1)], WorldModel())
    own, embedded = straight(parts).plan_pick(request), PickPlanner(parts).plan_pick(request)
    np.testing.assert_array_equal(own.approach.positions, embedded.approach.positions)
    np.testing.assert_array_equal(own.lift.positions, embedded.lift.positions)
    way = own.to_pre_grasp.positions
    along = (own.approach.start - observe) / np.linalg.norm(own.approach.start - observe)
    aside = way - observe - ((way - observe) @ along)[:, None] * along
    assert np.abs(aside).max() < 1e-9


def test_where_it_finds_none_its_sentence_is_the_answer(robot, limits):
    left, right = (np.array([turn, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785]) for turn in (0.6, -0.6))
    post = SceneConfig(walls=(BoxObstacle("post", (0.55, 0.0, 0.4), (0.06, 0.06, 0.8)),))
    parts = in_process_parts(robot, PlannerConfig(limits, post))
    with pytest.raises(PlanError, match="something is on the straight way"):
        straight(parts).plan_joints(left, right, WorldModel())
    assert PickPlanner(parts).plan_joints(left, right, WorldModel()).duration > 0


def test_every_part_is_handed_the_stop_of_the_call_and_none_is_kept(robot, limits, observe):
    parts, stops = in_process_parts(robot, PlannerConfig(limits)), []
    planner = PickPlanner(
        replace(parts, checkers=Heard(parts.checkers, stops), path_finder=Heard(parts.path_finder, stops))
    )
    up, release = robot.tcp_pose(observe), hanging(0.5, 0.2, 0.1)
    up[2, 3] += 0.05

    def never() -> bool:
        return False

    for stop in (never, None):
        for ask in (
            lambda stop: planner.check_available(stop),
            lambda stop: planner.plan_joints(observe, observe + 0.1, WorldModel(), stop),
            lambda stop: planner.find_joint_positions([[up]], observe, WorldModel(), stop),
            lambda stop: planner.plan_line(observe, up, stop=stop),
            lambda stop: planner.plan_pick(PickRequest(observe, [hanging(0.5, 0.1, 0.1)], WorldModel()), stop),
            lambda stop: planner.plan_place(
                PlaceRequest(observe, [release], WorldModel(), touches=frozenset({TABLE})), stop
            ),
        ):
            stops.clear()
            ask(stop)
            assert stops and all(heard is stop for heard in stops)
