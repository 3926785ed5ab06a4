"""A place by the embedded planner: a plate is carried over, put down beside and on things, and not through them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.collision import CollisionChecker, densify
from dense_grasp_core.motion.grasped_object import HeldObject, down_to, inside_held
from dense_grasp_core.motion.interfaces import SEEN, SUPPORT, TABLE, TARGET, PlaceRequest, PlanError, WorldModel
from dense_grasp_core.motion.plan_place import last_stretch
from dense_grasp_core.motion.scene import SceneConfig, build_collision_scene, seen_cells
from dense_grasp_core.result_codes import GraspCode

GRASP = np.diag([1.0, -1.0, -1.0, 1.0])
GRASP[:3, 3] = 0.45, -0.15, 0.08
UP = 0.18


def block(centre, size, step: float = 0.01) -> np.ndarray:
    axes = [np.arange(c - s / 2, c + s / 2, step) for c, s in zip(centre, size, strict=True)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)


#: A box of 10 x 10 x 8 cm on the table, of which a camera above saw the top alone.
TOP = block((0.45, -0.15, 0.075), (0.1, 0.1, 0.01))


def released(x: float, y: float, z: float = 0.08) -> np.ndarray:
    pose = GRASP.copy()
    pose[:3, 3] = x, y, z
    return pose


@pytest.fixture
def start(planner, observe):
    """The arm after it lifted the box."""
    lifted = released(0.45, -0.15, 0.08 + UP)
    return next(iter(planner.parts.kinematics.solutions(lifted, observe)))


def world(observe, *more, **fields) -> WorldModel:
    points = np.concatenate([TOP, *more])
    return WorldModel(points, np.array([0.45, -0.15, 0.075]), held_at=GRASP, seen_from=observe, stood_at=0.0, **fields)


def ask(start, scene, *poses, touches=frozenset({TABLE})) -> PlaceRequest:
    return PlaceRequest(start, poses, scene, UP, 0.10, 0.005, touches)


def test_down_at_a_free_place_and_back_out(planner, start, observe):
    plan = planner.plan_place(ask(start, world(observe), released(0.5, 0.15)))
    parts = plan.to_above, plan.lower, plan.retreat
    np.testing.assert_allclose(parts[0].start, start, atol=1e-6)
    for before, after in pairwise(parts):
        np.testing.assert_allclose(before.end, after.start, atol=1e-6)
        assert np.abs(before.velocities[-1]).max() < 1e-6 and np.abs(after.velocities[0]).max() < 1e-6
    np.testing.assert_allclose(planner.tcp_pose(plan.lower.end), released(0.5, 0.15), atol=2e-3)
    np.testing.assert_allclose(planner.tcp_pose(plan.retreat.end), released(0.5, 0.15, 0.18), atol=2e-3)
    heights = [planner.tcp_pose(q)[2, 3] for q in plan.lower.positions]
    assert all(b < a + 1e-3 for a, b in pairwise(heights))


def test_a_thing_where_it_is_to_go_is_in_the_way(planner, start, observe):
    thing = block((0.5, 0.15, 0.04), (0.04, 0.04, 0.05))
    with pytest.raises(PlanError, match="held object touches seen") as failure:
        planner.plan_place(ask(start, world(observe, thing), released(0.5, 0.15)))
    assert failure.value.code == GraspCode.GOAL_IN_COLLISION
    other = planner.plan_place(ask(start, world(observe, thing), released(0.5, 0.15), released(0.5, 0.3)))
    assert other.candidate == 1


def test_what_a_later_picture_shows_is_in_the_way_and_the_object_in_it_is_not(planner, start, observe):
    up = UP * np.array([0.0, 0.0, 1.0])
    thing = block((0.5, 0.15, 0.04), (0.04, 0.04, 0.05))
    planner.plan_place(ask(start, world(observe, newer_points=TOP + up, newer_from=start), released(0.5, 0.15)))
    later = world(observe, newer_points=np.concatenate([TOP + up, thing]), newer_from=start)
    with pytest.raises(PlanError, match="held object touches seen"):
        planner.plan_place(ask(start, later, released(0.5, 0.15)))


def test_it_is_put_on_a_box_that_is_larger_than_the_fingers_may_touch(planner, start, observe):
    box, point = block((0.5, 0.15, 0.05), (0.24, 0.24, 0.1)), np.array([0.5, 0.15, 0.1])
    on_top = released(0.5, 0.15, 0.1 + 0.08)
    scene = world(observe, box, put_on=point)
    cells, _ = seen_cells(planner.parts.config.scene, scene, planner.robot)
    assert {part.name for part in cells} == {TARGET, SUPPORT}
    plan = planner.plan_place(ask(start, scene, on_top, touches=frozenset({TABLE, TARGET, SUPPORT})))
    np.testing.assert_allclose(planner.tcp_pose(plan.lower.end), on_top, atol=2e-3)
    with pytest.raises(PlanError, match="held object touches"):
        planner.plan_place(ask(start, scene, on_top))
    with pytest.raises(PlanError, match="touches"):  # not into it
        planner.plan_place(ask(start, scene, released(0.5, 0.15, 0.1), touches=frozenset({TABLE, TARGET, SUPPORT})))


def test_it_is_put_on_a_box_however_the_cells_of_both_fall(planner, start, observe):
    """Both are made of cells: the object seems to reach 2 cm deeper at most, the box to be 1 cm higher."""
    for height in (0.1, 0.1005, 0.103, 0.1099):
        box = block((0.5, 0.15, 0.5 * height), (0.16, 0.16, height), step=0.008)
        box = np.concatenate([box, box * [1.0, 1.0, 0.0] + [0.0, 0.0, height]])
        scene = world(observe, box, put_on=np.array([0.5, 0.15, height]))
        on_top = released(0.5, 0.15, height + 0.08 + 0.003)
        plan = planner.plan_place(ask(start, scene, on_top, touches=frozenset({TABLE, TARGET, SUPPORT})))
        np.testing.assert_allclose(planner.tcp_pose(plan.lower.end), on_top, atol=2e-3)


def test_a_point_of_the_table_makes_no_support_of_what_stands_elsewhere(planner, start, observe):
    thing = block((0.5, 0.2, 0.04), (0.04, 0.04, 0.05))
    beside, on_table = np.array([0.5, 0.13, 0.0]), released(0.5, 0.13)
    scene = world(observe, thing, put_on=beside)
    cells, _ = seen_cells(planner.parts.config.scene, scene, planner.robot)
    assert {part.name for part in cells} == {SEEN}
    with pytest.raises(PlanError, match="held object touches seen"):
        planner.plan_place(ask(start, scene, on_table, touches=frozenset({TABLE, TARGET, SUPPORT})))


def test_back_among_what_stood_beside_it(planner, start, observe):
    beside = block((0.45, -0.06, 0.04), (0.06, 0.03, 0.05))
    scene = world(observe, beside)
    planner.plan_place(ask(start, scene, GRASP, touches=frozenset({TABLE, SEEN})))


def test_the_object_is_carried_around_what_its_hidden_part_would_hit(planner, start, observe):
    """The camera saw its top; a wall as high as the hand's way without the rest of it stands between."""
    wall = block((0.5, 0.0, 0.09), (0.3, 0.03, 0.16))
    plan = planner.plan_place(ask(start, world(observe, wall), released(0.5, 0.2)))
    scene = world(observe, wall)
    checker = CollisionChecker(
        planner.robot, replace(build_collision_scene(SceneConfig(), scene, planner.robot), clearance=0.0)
    )
    assert all(checker.free(q) for q in densify(plan.to_above.positions, 0.02))


def test_beyond_reach_below_the_table_and_nowhere(planner, start, observe):
    for pose, code, word in (
        (released(1.5, 0.0), GraspCode.UNREACHABLE, "inverse kinematics"),
        (released(0.5, 0.1, 0.001), GraspCode.GOAL_IN_COLLISION, "lowest allowed is 0.005"),
    ):
        with pytest.raises(PlanError, match=word) as failure:
            planner.plan_place(ask(start, world(observe), pose))
        assert failure.value.code == code
    with pytest.raises(PlanError, match="no pose"):
        planner.plan_place(ask(start, world(observe)))
    with pytest.raises(Canceled):
        planner.plan_place(ask(start, world(observe), GRASP), lambda: True)


def test_an_object_that_still_stands_starts_in_collision(planner, observe):
    low = next(iter(planner.parts.kinematics.solutions(released(0.45, -0.15, 0.085), observe)))
    with pytest.raises(PlanError, match="held object touches table") as failure:
        planner.plan_place(ask(low, world(observe), released(0.5, 0.15)))
    assert failure.value.code == GraspCode.START_IN_COLLISION


def test_what_was_seen_from_above_goes_down_to_the_table():
    filled = down_to(TOP, 0.0)
    assert len(filled) > 4 * len(TOP) / 10 and filled[:, 2].min() < 0.02
    cells = {tuple(cell) for cell in np.round(filled[:, :2] / 0.02).astype(int)}
    assert cells == {tuple(cell) for cell in np.round(TOP[:, :2] / 0.02).astype(int)}
    assert len(down_to(TOP[:0], 0.0)) == 0
    assert 0.02 + SceneConfig().clearance < last_stretch(SceneConfig())


def test_points_of_what_is_held_are_told_by_its_boxes():
    held = HeldObject(np.array([[0.0, 0.0, 0.1]]), np.array([[0.04, 0.04, 0.1]]))
    below = GRASP[:3, 3] - [0.0, 0.0, 0.1]
    points = below + np.array([[0.0, 0.0, 0.0], [0.03, 0.0, 0.0], [0.06, 0.0, 0.0]])
    assert inside_held(points, held, GRASP, 0.02).tolist() == [True, True, False]
