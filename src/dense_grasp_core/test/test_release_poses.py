"""Where the tool centre point lets go: over a point, at a pose of the object or of the tool, upright or as asked."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import exp, inverse
from dense_grasp_core.grasping.holding import Grip
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.placing.release_poses import GAP, at_pose, is_of_held, middle_from_tcp, on_point, own_points

GRASP = np.diag([1.0, -1.0, -1.0, 1.0])
GRASP[:3, 3] = 0.5, 0.1, 0.19
#: A plate of 20 x 10 cm at 15 cm, gripped at its edge; a post beside it; the table.
PLATE = np.array([[x, y, 0.15] for x in np.arange(0.5, 0.7, 0.008) for y in np.arange(0.05, 0.15, 0.008)])
POST = np.array([[0.9, 0.1, z] for z in np.arange(0.1, 0.4, 0.008)])
TABLE = np.array([[x, 0.1, 0.1] for x in np.arange(0.3, 0.9, 0.01)])
SUPPORT = 0.1


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    return exp([0.0, 0.0, 0.0, x, y, z])


def grip(points=None, **more) -> Grip:
    points = np.concatenate([PLATE, POST, TABLE, [[np.nan] * 3]]) if points is None else points
    return Grip("plate", GRASP, WorldModel(points, np.array([0.5, 0.1, 0.15]), held_at=GRASP), **more)


def test_its_own_points_are_those_of_the_plate():
    assert len(own_points(grip(), SUPPORT)) == len(PLATE)
    np.testing.assert_allclose(middle_from_tcp(grip(), SUPPORT), [0.1, 0.0], atol=0.006)
    np.testing.assert_array_equal(middle_from_tcp(grip(np.zeros((0, 3))), SUPPORT), [0.0, 0.0])


def test_its_middle_comes_over_the_point_in_every_turn():
    point = np.array([0.4, -0.2, 0.3])
    poses = on_point(grip(), point, SUPPORT)
    np.testing.assert_allclose(poses[0][:3, :3], GRASP[:3, :3], atol=1e-9)
    assert len(poses) == 12
    for pose in poses:
        middle = pose @ inverse(GRASP) @ np.append(GRASP[:2, 3] + middle_from_tcp(grip(), SUPPORT), [SUPPORT, 1.0])
        np.testing.assert_allclose(middle[:3], [*point[:2], point[2] + GAP], atol=1e-9)
        assert pose[2, 2] == pytest.approx(-1.0)
    turns = {round(np.degrees(np.arctan2(pose[1, 0], pose[0, 0]))) % 360 for pose in poses}
    assert turns == set(range(0, 360, 30))


def test_a_pose_of_the_tool_is_taken_as_it_is_or_upright():
    goal = turned(z=0.5) @ turned(x=0.3) @ GRASP
    goal[:3, 3] = 0.4, 0.0, 0.2
    np.testing.assert_allclose(at_pose(grip(), goal, False)[0], goal)
    upright = at_pose(grip(), goal, True)[0]
    np.testing.assert_allclose(upright[:3, 3], goal[:3, 3], atol=1e-9)
    np.testing.assert_allclose(upright[:3, :3], (turned(z=0.5) @ GRASP)[:3, :3], atol=1e-9)


def test_a_pose_of_the_object_puts_its_frame_there():
    object_in_tcp = turned(y=0.4)
    object_in_tcp[:3, 3] = 0.05, 0.0, 0.1
    goal = turned(z=1.0) @ turned(y=-0.2)
    goal[:3, 3] = 0.4, 0.0, 0.1
    known = grip(tcp_from_object=object_in_tcp)
    np.testing.assert_allclose(at_pose(known, goal, False)[0] @ object_in_tcp, goal, atol=1e-9)
    upright = at_pose(known, goal, True)[0] @ object_in_tcp
    np.testing.assert_allclose(upright[:3, 3], goal[:3, 3], atol=1e-9)
    assert upright[2, 2] == pytest.approx(1.0) and np.arctan2(upright[1, 0], upright[0, 0]) == pytest.approx(1.0)


def test_a_point_of_what_is_held_moves_with_the_hand():
    now = turned(z=1.0) @ GRASP
    point = (now @ inverse(GRASP) @ np.append(PLATE[40], 1.0))[:3]
    assert is_of_held(point, grip(), now, SUPPORT, 0.01)
    assert not is_of_held(PLATE[40], grip(), now, SUPPORT, 0.01)
    assert not is_of_held(point, grip(np.zeros((0, 3))), now, SUPPORT, 0.01)
