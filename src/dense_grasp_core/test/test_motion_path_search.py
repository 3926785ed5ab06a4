"""Planner: paths around obstacles, whole picks, and the code of every failure."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.collision import CollisionChecker
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.interfaces import PickRequest, PlanError, WorldModel
from dense_grasp_core.motion.path_search import PathOptions, find_path
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.scene import BoxObstacle, CollisionScene, SceneConfig, build_collision_scene
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.result_codes import GraspCode

DOWN = np.diag([1.0, -1.0, -1.0, 1.0])
LEFT = np.array([0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
RIGHT = np.array([-0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
POST = BoxObstacle("post", (0.55, 0.0, 0.4), (0.06, 0.06, 0.8))

#: As conftest's: the same answer on every machine, however busy.
COUNTED = PathOptions(allowed_time=600.0, allowed_checks=200_000, seed=1)


def pinch(x: float, y: float, z: float, yaw: float = 0.0) -> list[np.ndarray]:
    poses = []
    for turn in (yaw, yaw + np.pi):
        c, s = np.cos(turn), np.sin(turn)
        pose = np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1.0]])
        pose[:3, :3] = pose[:3, :3] @ DOWN[:3, :3]
        poses.append(pose)
    return poses


def ring(x: float, y: float, radius: float = 0.09, height: float = 0.11) -> np.ndarray:
    angle, z = np.meshgrid(np.linspace(0, 2 * np.pi, 120), np.linspace(0.02, height, 20))
    return np.stack([x + radius * np.cos(angle.ravel()), y + radius * np.sin(angle.ravel()), z.ravel()], axis=1)


def planner_with(robot, limits, *walls: BoxObstacle, tcp_workspace=None) -> PickPlanner:
    return in_process_planner(
        robot, PlannerConfig(limits, SceneConfig(walls=walls), COUNTED, tcp_workspace=tcp_workspace)
    )


def test_a_path_goes_around_a_post(robot, limits):
    planner = planner_with(robot, limits, POST)
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, WorldModel(), robot))
    assert not checker.path_free(np.stack([LEFT, RIGHT]))
    for _ in range(3):
        trajectory = planner.plan_joints(LEFT, RIGHT, WorldModel())
        assert checker.untouched(trajectory.positions, 0.01)
        np.testing.assert_array_equal(trajectory.positions[[0, -1]], [LEFT, RIGHT])
        assert np.all((trajectory.positions >= robot.lower) & (trajectory.positions <= robot.upper))


def test_a_free_way_is_taken_straight(planner):
    trajectory = planner.plan_joints(LEFT, RIGHT, WorldModel())
    direction = (RIGHT - LEFT) / np.linalg.norm(RIGHT - LEFT)
    away = (trajectory.positions - LEFT) - np.outer((trajectory.positions - LEFT) @ direction, direction)
    assert np.max(np.abs(away)) < 1e-6


def test_a_post_of_depth_points_is_avoided(robot, planner, observe):
    y, x, z = np.meshgrid(np.linspace(-0.03, 0.03, 12), np.linspace(0.5, 0.58, 12), np.linspace(0.02, 0.7, 80))
    world = WorldModel(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1))
    trajectory = planner.plan_joints(LEFT, RIGHT, world)
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, world, robot))
    assert checker.untouched(trajectory.positions)
    assert not checker.path_free(np.stack([LEFT, RIGHT]))


def test_speed_of_the_tool_is_limited(robot, limits):
    planner = in_process_planner(robot, PlannerConfig(limits, tcp_speed=0.1))
    trajectory = planner.plan_joints(LEFT, RIGHT, WorldModel())
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
    speed = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(trajectory.times)
    assert 0.08 < np.max(speed) <= 0.1001


def test_start_and_goal_in_collision_have_their_codes(robot, limits):
    inside = BoxObstacle("crate", tuple(robot.tcp_pose(LEFT)[:3, 3]), (0.1, 0.1, 0.1))
    planner = planner_with(robot, limits, inside)
    with pytest.raises(PlanError, match="touches crate") as failure:
        planner.plan_joints(LEFT, RIGHT, WorldModel())
    assert failure.value.code == GraspCode.START_IN_COLLISION
    with pytest.raises(PlanError, match="touches crate") as failure:
        planner.plan_joints(RIGHT, LEFT, WorldModel())
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION


def test_less_clearance_at_the_start_is_not_a_collision(robot, limits):
    low = robot.tcp_pose(LEFT)[:3, 3] - [0, 0, 0.0133]
    shelf = BoxObstacle("shelf", tuple(low - [0, 0, 0.05]), (0.2, 0.2, 0.1 + 2 * 0.001))
    planner = in_process_planner(robot, PlannerConfig(limits, SceneConfig(walls=(shelf,), clearance=0.005)))
    planner.plan_joints(LEFT, RIGHT, WorldModel())


def workspace_about(robot, *positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in positions])
    return points.min(axis=0) - 0.03, points.max(axis=0) + 0.03


def test_the_tool_stays_in_its_room(robot, limits):
    """Straight in joint space the tool swings out of the box about the two ends."""
    low, high = workspace_about(robot, LEFT, RIGHT)
    planner = planner_with(robot, limits, tcp_workspace=(low, high))
    anywhere = planner_with(robot, limits)

    def farthest(trajectory) -> float:
        points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
        return float(np.max(np.maximum(low - points, points - high)))

    assert farthest(anywhere.plan_joints(LEFT, RIGHT, WorldModel())) > 0.02
    assert farthest(planner.plan_joints(LEFT, RIGHT, WorldModel())) < 1e-3


def test_a_goal_outside_the_room_is_refused_and_an_arm_outside_comes_back(robot, limits):
    planner = planner_with(robot, limits, tcp_workspace=workspace_about(robot, LEFT))
    with pytest.raises(PlanError, match="tool centre point touches the end of its workspace") as failure:
        planner.plan_joints(LEFT, RIGHT, WorldModel())
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION
    trajectory = planner.plan_joints(RIGHT, LEFT, WorldModel())
    np.testing.assert_array_equal(trajectory.positions[-1], LEFT)


class Islands(CollisionChecker):
    """Free near LEFT and near RIGHT, nowhere between: no path exists."""

    def free(self, positions):
        return min(np.max(np.abs(positions - q)) for q in (LEFT, RIGHT)) < 0.3


@pytest.fixture
def islands(robot):
    return Islands(robot, CollisionScene((), 0.0))


def test_no_way_at_all_is_planning_failed_in_the_allowed_time(islands):
    """Time that is over ends the search, whatever work was allowed."""
    with pytest.raises(PlanError, match=r"in 0\.3 s and \d+ tested arm positions") as failure:
        find_path(islands, LEFT, RIGHT, PathOptions(allowed_time=0.3))
    assert failure.value.code == GraspCode.PLANNING_FAILED


def test_no_way_at_all_is_planning_failed_after_the_allowed_work(islands):
    """Not before, and not long after: one step of the search tests some positions."""
    with pytest.raises(PlanError, match="in 600") as failure:
        find_path(islands, LEFT, RIGHT, PathOptions(allowed_time=600.0, allowed_checks=3000, seed=3))
    tested = int(re.search(r"and (\d+) tested", str(failure.value))[1])
    assert failure.value.code == GraspCode.PLANNING_FAILED
    assert 3000 <= tested < 4000


def test_a_stop_ends_the_search(islands):
    calls = iter(range(10**9))
    with pytest.raises(Canceled):
        find_path(islands, LEFT, RIGHT, PathOptions(allowed_time=600.0), stop=lambda: next(calls) > 20)


def test_a_seed_gives_the_same_path_and_another_one_another(robot, limits):
    planner = planner_with(robot, limits, POST)
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, WorldModel(), robot))

    def path(seed: int) -> np.ndarray:
        return find_path(checker, LEFT, RIGHT, replace(COUNTED, seed=seed))

    first = path(7)
    np.testing.assert_array_equal(path(7), first)
    others = [path(seed) for seed in (8, 9, 0, 0)]
    assert all(other.shape != first.shape or np.any(other != first) for other in others)
    assert others[2].shape != others[3].shape or np.any(others[2] != others[3])
    np.testing.assert_array_equal(path(7), first)


def test_a_joint_goal_outside_the_limits_is_unreachable(planner):
    with pytest.raises(PlanError, match="where this arm lets it move") as failure:
        planner.plan_joints(LEFT, RIGHT + 10.0, WorldModel())
    assert failure.value.code == GraspCode.UNREACHABLE


def test_a_wrong_number_of_limits_is_refused(robot):
    with pytest.raises(PlanError, match="6 joint limits") as failure:
        in_process_planner(robot, PlannerConfig(MotionLimits(np.ones(6), np.ones(6))))
    assert failure.value.code == GraspCode.PLANNER_UNAVAILABLE


# whole picks


def pick(planner, start, contact, depth=0.015, world=None, **options):
    x, y, z = contact
    world = world or WorldModel(ring(x - 0.09, y), np.array(contact))
    return planner.plan_pick(PickRequest(start, pinch(x, y, z - depth), world, **options))


def test_a_pick_joins_up_and_ends_lifted(robot, planner, observe):
    plan = pick(planner, observe, (0.5, 0.05, 0.11))
    np.testing.assert_array_equal(plan.to_pre_grasp.start, observe)
    np.testing.assert_allclose(plan.to_pre_grasp.end, plan.approach.start)
    np.testing.assert_allclose(plan.approach.end, plan.lift.start)
    grasp = robot.tcp_pose(plan.approach.end)
    np.testing.assert_allclose(grasp, plan.base_from_tcp, atol=5e-5)
    np.testing.assert_allclose(robot.tcp_pose(plan.lift.end)[:3, 3] - grasp[:3, 3], [0, 0, 0.18], atol=5e-5)
    back = robot.tcp_pose(plan.approach.start)[:3, 3] - grasp[:3, 3]
    np.testing.assert_allclose(back, [0, 0, 0.10], atol=5e-5)
    assert plan.planning_time >= sum(plan.stage_times.values()) - 1e-3


def test_the_timed_approach_is_straight_and_slow(robot, planner, observe):
    plan = pick(planner, observe, (0.45, -0.1, 0.11))
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in plan.approach.positions])
    assert np.max(np.abs(points[:, :2] - plan.base_from_tcp[:2, 3])) < 5e-4
    assert np.all(np.diff(points[:, 2]) < 1e-6)
    speed = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(plan.approach.times)
    assert np.max(speed) <= planner.parts.config.approach_speed * 1.001


def test_a_pick_touches_nothing_but_the_target_with_its_fingers(robot, planner, observe):
    contact = np.array([0.55, 0.1, 0.11])
    world = WorldModel(ring(0.46, 0.1), contact)
    plan = planner.plan_pick(PickRequest(observe, pinch(0.55, 0.1, 0.095), world))
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, world, robot, observe))
    for part in (plan.to_pre_grasp, plan.approach, plan.lift):
        assert checker.untouched(part.positions)


def test_picks_over_the_whole_table_are_found(planner, observe):
    generator = np.random.default_rng(5)
    for _ in range(15):
        x, y = generator.uniform([0.36, -0.24], [0.64, 0.24])
        yaw = generator.uniform(-np.pi, np.pi)
        world = WorldModel(ring(x - 0.09 * np.cos(yaw), y - 0.09 * np.sin(yaw)), np.array([x, y, 0.11]))
        planner.plan_pick(PickRequest(observe, pinch(x, y, 0.095, yaw), world))


def test_picks_on_the_other_side_of_a_post(robot, limits):
    planner = planner_with(robot, limits, POST)
    generator = np.random.default_rng(4)
    for _ in range(10):
        x, y = generator.uniform(0.40, 0.60), generator.uniform(-0.30, -0.20)
        world = WorldModel(ring(x, y), np.array([x - 0.09, y, 0.11]))
        plan = planner.plan_pick(PickRequest(LEFT, pinch(x - 0.09, y, 0.09), world))
        checker = CollisionChecker(
            robot, build_collision_scene(planner.parts.config.scene, world, robot, seen_from=LEFT)
        )
        assert not checker.path_free(np.stack([LEFT, plan.to_pre_grasp.end]))
        for part in (plan.to_pre_grasp, plan.approach, plan.lift):
            assert checker.untouched(part.positions, 0.01)


def test_out_of_reach_is_unreachable(planner, observe):
    with pytest.raises(PlanError, match="none of 2") as failure:
        pick(planner, observe, (1.1, 0.0, 0.11), world=WorldModel())
    assert failure.value.code == GraspCode.UNREACHABLE


def test_a_grasp_below_the_minimum_height_is_refused(planner, observe):
    with pytest.raises(PlanError, match=r"lowest allowed is 0\.020") as failure:
        pick(planner, observe, (0.5, 0.0, 0.02), world=WorldModel(), minimum_height=0.02)
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION


def test_a_grasp_under_a_lid_is_in_collision(robot, limits, observe):
    planner = planner_with(robot, limits, BoxObstacle("lid", (0.5, 0.0, 0.2), (0.3, 0.3, 0.04)))
    with pytest.raises(PlanError, match="lid") as failure:
        pick(planner, observe, (0.5, 0.0, 0.11), world=WorldModel())
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION


def test_the_next_candidate_is_taken_when_the_first_is_blocked(robot, planner, observe):
    far, near = pinch(1.1, 0.0, 0.1)[0], pinch(0.5, 0.0, 0.1)[0]
    plan = planner.plan_pick(PickRequest(observe, [far, near], WorldModel()))
    assert plan.candidate == 1


def test_what_is_held_from_the_side_does_not_stop_the_lift_but_what_is_above_does(planner, observe):
    level = np.array([[0.0, 0.0, 1.0, 0.45], [1.0, 0.0, 0.0, 0.15], [0.0, 1.0, 0.0, 0.2], [0.0, 0.0, 0.0, 1.0]])
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(0.36, 0.40, 9), np.linspace(0.13, 0.17, 9)))
    roof = np.stack([x, y, np.full(len(x), 0.2 + 0.10 + 0.06)], axis=1)

    def lift(target_radius: float, carries_target: bool):
        world = WorldModel(roof, level[:3, 3], target_radius)
        return planner.plan_pick(PickRequest(observe, [level], world, carries_target=carries_target))

    with pytest.raises(PlanError, match="hand touches target") as failure:
        lift(0.25, False)
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION
    np.testing.assert_array_equal(lift(0.25, True).base_from_tcp, level)
    with pytest.raises(PlanError, match="hand touches seen"):
        lift(0.05, True)


def test_no_candidates_is_unreachable(planner, observe):
    with pytest.raises(PlanError, match="no grasp candidate") as failure:
        planner.plan_pick(PickRequest(observe, [], WorldModel()))
    assert failure.value.code == GraspCode.UNREACHABLE


def test_a_canceled_pick_says_so(planner, observe):
    request = PickRequest(observe, pinch(0.5, 0.0, 0.1), WorldModel())
    with pytest.raises(Canceled):
        planner.plan_pick(request, stop=lambda: True)


def test_a_line_goes_straight_up(robot, planner, observe):
    goal = robot.tcp_pose(observe)
    goal[2, 3] += 0.1
    trajectory = planner.plan_line(observe, goal)
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
    assert np.max(np.abs(points[:, :2] - goal[:2, 3])) < 5e-4
    np.testing.assert_allclose(points[-1], goal[:3, 3], atol=5e-5)
