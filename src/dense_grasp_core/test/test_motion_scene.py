"""Scene: table, walls, points of the depth camera, self-filter, the target cut out for the fingers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("coal")
from dense_grasp_core.motion.collision import CollisionChecker, densify
from dense_grasp_core.motion.interfaces import Seen, WorldModel
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics
from dense_grasp_core.motion.scene import (
    BoxObstacle,
    SceneConfig,
    SceneError,
    build_collision_scene,
    crop,
    free_of_table,
    inside_robot,
    seen_cells,
)
from dense_grasp_core.motion.voxel_boxes import thin

DOWN = np.diag([1.0, -1.0, -1.0, 1.0])


def pose_at(x: float, y: float, z: float) -> np.ndarray:
    pose = DOWN.copy()
    pose[:3, 3] = x, y, z
    return pose


def checker_of(robot, world=None, config=None, seen_from=None) -> CollisionChecker:
    return CollisionChecker(
        robot, build_collision_scene(config or SceneConfig(), world or WorldModel(), robot, seen_from)
    )


def joints_at(robot, x: float, y: float, z: float) -> np.ndarray:
    return next(InverseKinematics(robot).solutions(pose_at(x, y, z), np.array([0, -0.5, 0, -2.2, 0, 1.7, 0.785])))


def wall_of_points(x: float) -> np.ndarray:
    y, z = np.meshgrid(np.linspace(-0.05, 0.05, 30), np.linspace(0.02, 0.2, 50))
    return np.stack([np.full(y.size, x), y.ravel(), z.ravel()], axis=1)


def test_fingers_in_the_table_collide_above_it_they_do_not(robot):
    checker = checker_of(robot)
    assert checker.free(joints_at(robot, 0.5, 0.0, 0.03))
    low = joints_at(robot, 0.5, 0.0, 0.004)
    assert ("fr3_leftfinger", "table") in checker.contacts(low)


def test_without_a_table_there_is_room_below(robot):
    assert checker_of(robot, config=SceneConfig(table_height=None)).free(joints_at(robot, 0.5, 0.0, -0.05))


def test_the_base_may_stand_on_the_table(robot, observe):
    assert not any("link0" in a for a, _ in checker_of(robot).contacts(observe))


def test_a_wall_is_hit(robot, observe):
    hand = robot.tcp_pose(observe)[:3, 3]
    config = SceneConfig(walls=(BoxObstacle("pillar", tuple(hand), (0.1, 0.1, 0.1)),))
    contacts = checker_of(robot, config=config).contacts(observe)
    assert any(b == "pillar" for _, b in contacts)


def test_seen_points_are_obstacles_for_the_hand(robot):
    q = joints_at(robot, 0.5, 0.0, 0.10)
    assert checker_of(robot).free(q)
    assert not checker_of(robot, WorldModel(wall_of_points(0.5))).free(q)


def test_fingers_may_touch_the_target_but_the_palm_may_not(robot):
    world = WorldModel(wall_of_points(0.5), np.array([0.5, 0.0, 0.2]), target_radius=0.3)
    at_the_edge = joints_at(robot, 0.5, 0.0, 0.185)
    assert not checker_of(robot, WorldModel(world.points_base)).free(at_the_edge)
    assert checker_of(robot, world).free(at_the_edge)
    too_deep = joints_at(robot, 0.5, 0.0, 0.12)
    assert ("fr3_hand", "target") in checker_of(robot, world).contacts(too_deep)


def test_points_beyond_the_target_stay_obstacles_for_fingers(robot):
    world = WorldModel(wall_of_points(0.5), np.array([0.5, 0.0, 0.2]), target_radius=0.02)
    contacts = checker_of(robot, world).contacts(joints_at(robot, 0.5, 0.0, 0.185))
    assert any("finger" in a and b == "seen" for a, b in contacts)


def test_the_robot_does_not_see_itself_as_an_obstacle(robot, observe):
    hand = robot.frame_pose(observe, "fr3_hand")[:3, 3]
    own = hand + np.random.default_rng(0).uniform(-0.03, 0.03, (500, 3))
    world = WorldModel(own)
    assert not checker_of(robot, world).free(observe)
    assert checker_of(robot, world, seen_from=observe).free(observe)
    far = np.array([[0.5, 0.3, 0.1]])
    assert inside_robot(own, robot, observe, 0.03).all()
    assert not inside_robot(far, robot, observe, 0.03).any()


def test_nan_and_far_points_are_dropped():
    points = np.array([[0.5, 0.0, 0.1], [np.nan, 0, 0], [np.inf, 0, 0], [5.0, 0, 0.1]])
    np.testing.assert_array_equal(crop(points, SceneConfig().bounds), points[:1])


def test_table_points_are_dropped_with_a_margin():
    points = np.array([[0.5, 0.0, 0.004], [0.5, 0.0, 0.02]])
    np.testing.assert_array_equal(free_of_table(points, SceneConfig()), points[1:])
    np.testing.assert_array_equal(free_of_table(points, SceneConfig(table_height=None)), points)


def test_thinning_keeps_one_point_a_cell():
    points = np.array([[0.001, 0.001, 0.001], [0.009, 0.009, 0.009], [0.011, 0.001, 0.001]])
    np.testing.assert_allclose(thin(points, 0.01), [[0.005, 0.005, 0.005], [0.015, 0.005, 0.005]])
    assert thin(np.zeros((0, 3)), 0.01).shape == (0, 3)


@pytest.mark.parametrize("size", [(0.1, 0.0, 0.1), (0.1, -1.0, 0.1), (0.1, np.nan, 0.1)])
def test_an_impossible_box_is_refused(size):
    with pytest.raises(SceneError, match="box shelf"):
        BoxObstacle("shelf", (0.0, 0.0, 0.0), size)


def test_densify_keeps_corners_and_step():
    path = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.35]])
    dense = densify(path, 0.1)
    assert np.max(np.abs(np.diff(dense, axis=0))) <= 0.1 + 1e-12
    assert any(np.array_equal(q, path[1]) for q in dense)
    np.testing.assert_array_equal(dense[[0, -1]], path[[0, -1]])


def test_the_hand_alone_touches_what_it_touches_on_the_arm(robot):
    checker = checker_of(robot, WorldModel(wall_of_points(0.5)))
    assert checker.hand_contacts(pose_at(0.3, 0.3, 0.4)) == []
    touching = checker.hand_contacts(pose_at(0.5, 0.0, 0.15))
    q = joints_at(robot, 0.5, 0.0, 0.15)
    parts = zip(robot.links_of_geometry, robot.geometry.geometryObjects, strict=True)
    moving = {link for link, part in parts if part.parentJoint == len(robot.joint_names)}
    assert touching and set(touching) == {pair for pair in checker.contacts(q) if pair[0] in moving}


def test_what_was_seen_before_from_elsewhere_is_an_obstacle_but_for_the_robot_of_then(robot, observe):
    then = joints_at(robot, 0.5, 0.2, 0.3)
    own = robot.tcp_pose(then)[:3, 3] + np.array([[0.0, 0.0, 0.01], [0.0, 0.01, 0.0]])
    earlier = (Seen(np.concatenate([wall_of_points(0.5), own]), then),)
    config = SceneConfig()
    ((cells,), _) = seen_cells(config, WorldModel(earlier=earlier), robot, observe)
    wall = thin(free_of_table(wall_of_points(0.5), config), config.voxel)
    assert len(cells.centres) == len(wall), "the hand of then is not in the way"
    ((both,), _) = seen_cells(config, WorldModel(wall_of_points(0.6), earlier=earlier), robot, observe)
    assert len(both.centres) == 2 * len(wall)
    assert not checker_of(robot, WorldModel(earlier=earlier)).free(joints_at(robot, 0.5, 0.0, 0.1))
    assert len(WorldModel(wall_of_points(0.6), earlier=earlier).every_point) == 2 * len(wall_of_points(0.5)) + 2
