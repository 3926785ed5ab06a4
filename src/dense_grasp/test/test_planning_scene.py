"""The scene for MoveIt: boxes that are the cells of the embedded planner, and who may touch them."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.planning.moveit.interface import CollisionMatrix, PresentScene
from dense_grasp.planning.moveit.planning_scene import (
    HELD,
    NAME_PREFIX,
    TOOL_POINT,
    WORKSPACE,
    allow,
    carried,
    guarded_pairs,
    in_hand,
    scene_change,
    scene_objects,
)
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_core.motion.grasped_object import HeldObject
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import AttachedBox, RobotModel
from dense_grasp_core.motion.scene import BoxObstacle, SceneConfig, seen_cells
from dense_grasp_core.motion.voxel_boxes import merge_cells

OBSERVE = np.array([-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108])
HAND_FROM_CAMERA = np.eye(4)
HAND_FROM_CAMERA[:3, 3] = [0.065, 0.0, 0.0225]
CAMERA = AttachedBox("camera", "fr3_hand", HAND_FROM_CAMERA, (0.03, 0.1, 0.035))


@pytest.fixture(scope="module")
def robot() -> RobotModel:
    return RobotModel(primitive_arm_urdf(), "fr3", attached=(CAMERA,))


def block(seed: int, share: float) -> np.ndarray:
    cells = np.stack(np.meshgrid(*[np.arange(-6, 6)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return (cells[np.random.default_rng(seed).random(len(cells)) < share] + 0.5) * 0.01


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95, 1.0])
def test_merged_boxes_cover_the_cells_and_nothing_else(share):
    cells = block(3, share)
    centres, sizes = merge_cells(cells, 0.01)
    inside = np.all(np.abs(cells[:, None] - centres[None]) < sizes[None] / 2, axis=2)
    assert np.all(inside.sum(axis=1) == 1)
    assert np.prod(sizes, axis=1).sum() == pytest.approx(len(cells) * 1e-6)
    assert len(centres) < len(cells) or share < 0.1


def test_a_solid_block_is_one_box():
    centres, sizes = merge_cells(block(0, 1.1), 0.01)
    np.testing.assert_allclose(centres, [[0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(sizes, [[0.12, 0.12, 0.12]])


def test_a_single_cell_stays():
    centres, sizes = merge_cells(np.array([[0.305, -0.015, 0.005]]), 0.01)
    np.testing.assert_allclose(centres, [[0.305, -0.015, 0.005]])
    np.testing.assert_allclose(sizes, [[0.01, 0.01, 0.01]])


def test_the_scene_has_table_walls_seen_and_target(robot):
    wall = BoxObstacle("wall_0", (-0.62, 0.0, 0.5), (0.04, 1.6, 1.0))
    config = SceneConfig(walls=(wall,), voxel=0.01)
    near, far = np.array([[0.5, 0.0, 0.08]]), np.array([[0.5, 0.3, 0.3]])
    world = WorldModel(np.concatenate([near, far]), target_point=np.array([0.5, 0.0, 0.1]))
    objects = {
        thing.name: thing
        for thing in scene_objects(config, seen_cells(config, world, robot, OBSERVE)[0], robot, clearance=0.005)
    }
    assert set(objects) == {f"{NAME_PREFIX}{name}" for name in ("table", "wall_0", "seen", "target", "camera")}
    table = objects[f"{NAME_PREFIX}table"]
    assert table.centres[0, 2] + table.sizes[0, 2] / 2 == pytest.approx(0.005)
    np.testing.assert_allclose(objects[f"{NAME_PREFIX}wall_0"].sizes, [[0.05, 1.61, 1.01]])
    np.testing.assert_allclose(objects[f"{NAME_PREFIX}seen"].centres, [[0.505, 0.305, 0.305]])
    np.testing.assert_allclose(objects[f"{NAME_PREFIX}seen"].sizes, [[0.02, 0.02, 0.02]])
    fingers = {"fr3_leftfinger", "fr3_rightfinger"}
    assert fingers <= set(objects[f"{NAME_PREFIX}target"].touch)
    for name in ("table", "wall_0", "seen"):
        assert not fingers & set(objects[NAME_PREFIX + name].touch)
        assert {"fr3_link0", "fr3_link1"} == set(objects[NAME_PREFIX + name].touch)


def test_the_camera_is_carried_by_the_hand_where_it_is(robot):
    (camera,) = carried(robot)
    assert (camera.name, camera.link) == (f"{NAME_PREFIX}camera", "fr3_hand")
    np.testing.assert_allclose(camera.centres, [[0.065, 0.0, 0.0225]], atol=1e-9)
    np.testing.assert_allclose(camera.sizes, [[0.03, 0.1, 0.035]])
    assert {"fr3_hand", "fr3_leftfinger", "fr3_link7"} <= set(camera.touch)
    assert "fr3_link2" not in camera.touch
    assert carried(RobotModel(primitive_arm_urdf(), "fr3")) == ()


def test_only_our_own_objects_are_taken_away(robot):
    present = PresentScene("arm", (), ("crate", f"{NAME_PREFIX}seen"), ("tool", f"{NAME_PREFIX}camera"))
    change = scene_change(present, carried(robot))
    assert change.remove == (f"{NAME_PREFIX}seen",)
    assert change.release == ()
    # It is carried already, and carrying it once more would be refused by some versions.
    assert change.objects == ()
    # MoveIt puts what is released into the world, from where it has to go as well.
    bare = scene_change(present, ())
    assert bare.release == (f"{NAME_PREFIX}camera",) and bare.remove == (f"{NAME_PREFIX}seen", f"{NAME_PREFIX}camera")


def test_what_the_fingers_hold_is_carried_by_the_hand_and_replaced_each_time(robot):
    held = HeldObject(np.array([[0.0, 0.0, 0.05]]), np.array([[0.2, 0.2, 0.02]]))
    thing = in_hand(held, robot)
    assert (thing.name, thing.link) == (HELD, "fr3_hand")
    np.testing.assert_allclose(thing.centres, [[0.0, 0.0, 0.05 + 0.1034]], atol=1e-6)
    assert {"fr3_hand", "fr3_leftfinger", "fr3_link7"} <= set(thing.touch)
    assert not {"fr3_link4", "fr3_link5"} & set(thing.touch)
    objects = scene_objects(SceneConfig(), (), robot, 0.0, held)
    present = PresentScene("arm", (), (), (f"{NAME_PREFIX}camera", HELD))
    assert HELD in [each.name for each in scene_change(present, objects).objects]
    without = scene_change(present, scene_objects(SceneConfig(), (), robot, 0.0))
    assert without.release == (HELD,) and HELD in without.remove


def test_what_a_gripper_holds_whose_tool_frame_is_turned_is_carried_the_same_way():
    """Robotiq's fingers close along x of the link that carries the object, which is y of the tool's frame."""
    gripper = gripper_record("robotiq", "fr3")
    urdf = primitive_arm_urdf().replace('"fr3_hand"', f'"{gripper.hand}"')
    held = HeldObject(np.array([[0.01, 0.02, 0.03]]), np.array([[0.2, 0.1, 0.02]]))
    thing = in_hand(held, RobotModel(urdf, "fr3", gripper=gripper))
    assert thing.link == gripper.hand and gripper.hand in thing.touch
    np.testing.assert_allclose(thing.centres, [[0.02, -0.01, 0.03 + 0.1528]], atol=1e-6)
    np.testing.assert_allclose(thing.sizes, [[0.1, 0.2, 0.02]])


def test_the_matrix_keeps_the_rules_of_others():
    theirs = CollisionMatrix(
        ("fr3_link1", "fr3_link2", f"{NAME_PREFIX}seen"),
        np.array([[False, True, True], [True, False, True], [True, True, False]]),
        (("fr3_link8", True),),
    )
    matrix = allow(theirs, {f"{NAME_PREFIX}target": ("fr3_leftfinger", "fr3_link1")})
    place = {name: index for index, name in enumerate(matrix.names)}
    assert set(place) == {"fr3_link1", "fr3_link2", "fr3_leftfinger", f"{NAME_PREFIX}target"}
    assert matrix.allowed[place["fr3_link1"], place["fr3_link2"]]
    assert matrix.allowed[place[f"{NAME_PREFIX}target"], place["fr3_leftfinger"]]
    assert not matrix.allowed[place[f"{NAME_PREFIX}target"], place["fr3_link2"]]
    assert not matrix.allowed[place["fr3_leftfinger"], place["fr3_link2"]]
    np.testing.assert_array_equal(matrix.allowed, matrix.allowed.T)
    assert matrix.defaults == theirs.defaults


def test_guarded_pairs_are_those_that_no_rule_lets_touch():
    allowed = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    matrix = CollisionMatrix(("hand", "finger", "table"), allowed, (("floor", True),))
    present = PresentScene("arm", (), objects=("table", "floor", "seen"), carried=("camera",), matrix=matrix)
    assert set(map(frozenset, guarded_pairs(present))) == {
        frozenset(pair)
        for pair in [
            ("hand", "table"),
            ("finger", "table"),
            ("hand", "camera"),
            ("finger", "camera"),
            ("table", "camera"),
            ("hand", "seen"),
            ("finger", "seen"),
            ("camera", "seen"),
        ]
    }


def test_two_rules_of_their_own_let_a_pair_touch_only_together():
    """As collision_detection::AllowedCollisionMatrix::getDefaultEntry does: NEVER wins."""
    rules = (("floor", True), ("glass", False))
    present = PresentScene(
        "arm", (), objects=(), carried=("floor", "glass", "lamp"), matrix=CollisionMatrix((), np.zeros((0, 0)), rules)
    )
    assert set(map(frozenset, guarded_pairs(present))) == {frozenset(("floor", "glass")), frozenset(("glass", "lamp"))}


def test_a_link_that_gets_a_row_keeps_its_own_rule():
    theirs = CollisionMatrix((), np.zeros((0, 0), dtype=bool), (("fr3_link1", True), (f"{NAME_PREFIX}seen", True)))
    matrix = allow(theirs, {f"{NAME_PREFIX}target": ("fr3_link1", "fr3_leftfinger")})
    place = {name: index for index, name in enumerate(matrix.names)}
    assert matrix.allowed[place["fr3_link1"], place["fr3_leftfinger"]]
    assert not matrix.allowed.diagonal().any()
    assert matrix.defaults == (("fr3_link1", True),)


def test_the_tool_point_alone_stays_within_the_walls(robot):
    low, high = np.array([0.25, -0.38, -0.01]), np.array([0.75, 0.38, 0.40])
    held = HeldObject(np.array([[0.0, 0.0, 0.05]]), np.array([[0.2, 0.2, 0.02]]))
    objects = scene_objects(SceneConfig(), (), robot, 0.0, held, (low, high))
    crate = PresentScene("arm", (), ("crate",), ("somebody's tool",))
    change = scene_change(crate, objects)
    place = {name: index for index, name in enumerate(change.matrix.names)}
    assert len(place) == len(change.matrix.names)
    row = {name: change.matrix.allowed[place[TOOL_POINT], index] for name, index in place.items()}
    assert not row[WORKSPACE]
    assert row["crate"] and row["somebody's tool"] and row[HELD] and row[f"{NAME_PREFIX}table"]
    walls = {name: change.matrix.allowed[place[WORKSPACE], index] for name, index in place.items()}
    assert set(robot.links_of_geometry) | {HELD, f"{NAME_PREFIX}camera", "somebody's tool"} <= {
        name for name, free in walls.items() if free
    }
    assert not change.matrix.allowed[place["crate"], place["fr3_hand"]]
    # Once more with what is there now: the same matrix.
    there = PresentScene(
        "arm",
        (),
        ("crate", WORKSPACE, f"{NAME_PREFIX}table"),
        ("somebody's tool", TOOL_POINT, HELD, f"{NAME_PREFIX}camera"),
        change.matrix,
    )
    again = scene_change(there, objects)
    assert again.remove == () and again.release == ()
    assert TOOL_POINT not in [thing.name for thing in again.objects]
    order = [again.matrix.names.index(name) for name in change.matrix.names]
    np.testing.assert_array_equal(again.matrix.allowed[np.ix_(order, order)], change.matrix.allowed)
