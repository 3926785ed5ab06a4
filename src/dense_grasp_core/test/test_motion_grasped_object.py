"""The object between the fingers: cut out of the points, carried by the hand, kept clear of everything."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("coal")
from dense_grasp_core.motion.collision import CollisionChecker
from dense_grasp_core.motion.grasped_object import held_object, split_object
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.interfaces import PlanError, WorldModel
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.scene import BoxObstacle, SceneConfig, build_collision_scene, seen_cells
from dense_grasp_core.result_codes import GraspCode

LEFT = np.array([0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
RIGHT = np.array([-0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])


def block(centre, size, step: float = 0.008) -> np.ndarray:
    axes = [np.arange(c - s / 2, c + s / 2, step) for c, s in zip(centre, size, strict=True)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)


def test_the_object_is_what_hangs_together_at_the_target():
    cap, box = block((0.5, 0.0, 0.06), (0.2, 0.2, 0.08)), block((0.5, 0.2, 0.06), (0.1, 0.1, 0.08))
    own, rest = split_object(np.concatenate([box, cap]), np.array([0.5, -0.12, 0.1]))
    assert len(own) == len(cap) and len(rest) == len(box)
    assert own[:, 1].max() < 0.11 < rest[:, 1].min()


def test_things_that_touch_are_one_and_no_points_are_none():
    both = np.concatenate([block((0.5, 0.0, 0.06), (0.2, 0.2, 0.08)), block((0.5, 0.15, 0.06), (0.1, 0.1, 0.08))])
    own, rest = split_object(both, np.array([0.5, 0.0, 0.1]))
    assert len(own) == len(both) and len(rest) == 0
    nothing = np.zeros((0, 3))
    assert [len(part) for part in split_object(nothing, np.zeros(3))] == [0, 0]
    assert held_object(nothing, np.eye(4)) is None


def test_boxes_are_in_the_hands_frame_and_hold_every_point():
    pose = np.eye(4)
    pose[:3, :3] = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    pose[:3, 3] = [0.5, 0.1, 0.09]
    points = block((0.5, 0.1, 0.06), (0.1, 0.06, 0.04))
    held = held_object(points, pose)
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    inside = np.all(np.abs(local[:, None] - held.centres[None]) <= held.sizes[None] / 2 + 1e-9, axis=2)
    assert inside.any(axis=1).all()
    assert held.sizes.max() < 0.16  # and not a box around half the table


def grasped(robot, start, size=(0.3, 0.3, 0.03), more=None) -> WorldModel:
    """A plate that the hand at `start` holds, 5 cm below the tool centre point, as it was seen before."""
    pose = robot.tcp_pose(start)
    points = block(pose[:3, 3] - [0.0, 0.0, 0.05], size)
    away = np.array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4])
    points = points if more is None else np.concatenate([points, more])
    return WorldModel(points, pose[:3, 3], held_at=pose, seen_from=away)


def test_what_is_held_is_no_obstacle_where_it_was(robot):
    world = grasped(robot, LEFT)
    cells, held = seen_cells(SceneConfig(), world, robot)
    assert cells == () and held is not None
    assert CollisionChecker(robot, build_collision_scene(SceneConfig(), world, robot)).free(LEFT)


def test_what_is_held_hits_what_the_hand_alone_would_pass(robot, limits):
    """A shelf in the sweep of the plate, beside the hand's own way."""
    middle = 0.5 * (LEFT + RIGHT)
    low = robot.tcp_pose(middle)[:3, 3] - [0.0, 0.0, 0.08]
    shelf = BoxObstacle("shelf", tuple(low), (0.1, 0.04, 0.04))
    planner = in_process_planner(robot, PlannerConfig(limits, SceneConfig(walls=(shelf,))))
    world = grasped(robot, LEFT)
    empty = planner.parts.checkers.in_world(WorldModel(), LEFT, None)
    full = planner.parts.checkers.in_world(world, LEFT, None)
    direct = np.stack([LEFT, RIGHT])
    assert empty.untouched(direct)
    assert not full.untouched(direct)
    assert ("held object", "shelf") in full.contacts(middle)
    trajectory = planner.plan_joints(LEFT, RIGHT, world)
    assert full.untouched(trajectory.positions, 0.02)


def test_a_place_where_the_object_does_not_fit_is_in_collision(robot, limits):
    goal = robot.tcp_pose(RIGHT)[:3, 3]
    beside = BoxObstacle("beside", (goal[0] + 0.14, goal[1], goal[2] - 0.05), (0.04, 0.04, 0.04))
    planner = in_process_planner(robot, PlannerConfig(limits, SceneConfig(walls=(beside,))))
    planner.plan_joints(LEFT, RIGHT, WorldModel())
    with pytest.raises(PlanError, match="held object touches beside") as caught:
        planner.plan_joints(LEFT, RIGHT, grasped(robot, LEFT))
    assert caught.value.code == GraspCode.GOAL_IN_COLLISION
