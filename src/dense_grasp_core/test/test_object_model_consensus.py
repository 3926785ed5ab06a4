"""The pose that most matches agree on is found among wrong ones, and poses in one place share a virtual picture."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import exp, transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, roll, turn_towards
from dense_grasp_core.object_model.pose_consensus import consensus
from dense_grasp_core.object_model.pose_refinement import CLOSE, LOOSE, Looks
from dense_grasp_core.object_model.view_bank import ViewBank

RADIUS, DISTANCE, WITHIN_PX = 0.08, 0.6, 6.0
LOOK = LookAt(np.eye(3), 110 * DISTANCE / RADIUS, 256)
ASSUMED = np.eye(4)
ASSUMED[2, 3] = DISTANCE


def scene(seed, wrong):
    """Points that the camera sees of a ball, their pixels at a pose near the assumed one, a share of them wrong."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(300, 3))
    points *= 0.06 / np.linalg.norm(points, axis=1, keepdims=True)
    points = points[points[:, 2] < 0.02]
    truth = ASSUMED.copy()
    truth[:3, :3] = exp([0.0, 0.0, 0.0, *rng.normal(0.0, 0.2, 3)])[:3, :3]
    truth[:3, 3] += rng.normal(size=3) * [0.006, 0.006, 0.03]
    pixels = LOOK.project(transform(truth, points)) + rng.normal(0.0, 1.0, (len(points), 2))
    bad = rng.random(len(points)) < wrong
    pixels[bad] += rng.uniform(20.0, 60.0, (bad.sum(), 2)) * rng.choice([-1.0, 1.0], (bad.sum(), 2))
    return points, pixels, truth, bad


@pytest.mark.parametrize("wrong", [0.2, 0.5])
def test_wrong_matches_do_not_move_the_pose(wrong):
    for seed in range(5):
        points, pixels, truth, bad = scene(seed, wrong)
        found = consensus(LOOK, points, pixels, ASSUMED, np.zeros(3), RADIUS, WITHIN_PX, seed)
        pose = found.virtual_from_object
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
        off = LOOK.project(transform(pose, points)) - LOOK.project(transform(truth, points))
        assert np.linalg.norm(off, axis=1).max() < 2.5
        assert found.agree[~bad].mean() > 0.97 and found.agree[bad].mean() < 0.05


def test_the_middle_need_not_be_the_origin():
    points, pixels, _, _ = scene(1, 0.4)
    offset = np.array([0.3, -0.2, 0.1])
    assumed = ASSUMED.copy()
    assumed[:3, 3] -= ASSUMED[:3, :3] @ offset
    here = consensus(LOOK, points, pixels, ASSUMED, np.zeros(3), RADIUS, WITHIN_PX)
    there = consensus(LOOK, points + offset, pixels, assumed, offset, RADIUS, WITHIN_PX)
    places = (transform(here.virtual_from_object, points), transform(there.virtual_from_object, points + offset))
    np.testing.assert_allclose(*places, atol=1e-9)


CAMERA = CameraModel(320, 240, 300.0, 300.0, 159.5, 119.5)


@pytest.fixture
def looks():
    """Looks at a ball whose bank has one view in twelve rolls, and the pictures that the network was run on."""
    seen = []

    def describe(rgb):
        seen.append(rgb)
        return np.ones((rgb.shape[0] // 8, rgb.shape[1] // 8, 4), np.float32)

    nothing = np.zeros((0, 3))
    bank = ViewBank(
        np.zeros(3), RADIUS, nothing, nothing, np.eye(3)[None], [[None] * 12], [[]], 1, np.zeros(4, np.float32), nothing
    )
    return Looks(bank, describe, PicturePyramid(np.zeros((240, 320, 3), np.uint8), CAMERA)), seen


def at(direction, distance=DISTANCE, turn=0.0):
    pose = np.eye(4)
    pose[:3, :3] = turn_towards(np.array(direction)) @ roll(np.radians(turn))
    pose[:3, 3] = np.array(direction) / np.linalg.norm(direction) * distance
    return pose


def test_poses_in_one_place_share_a_look_in_any_roll_of_the_bank(looks):
    looks, seen = looks
    first = looks.at(at((0.1, 0.0, 1.0)), LOOSE)
    for turn in (30.0, 90.0, -150.0, 33.0):
        again = looks.at(at((0.1, 0.0, 1.0), turn=turn), CLOSE)
        assert again.features is first.features and again.virtual is first.virtual
    assert looks.at(at((0.1, 0.0, 1.0), turn=14.0), LOOSE).features is first.features and len(seen) == 1


@pytest.mark.parametrize(
    ("pose", "is_loose"),
    [
        (at((0.1, 0.0, 1.0), turn=14.0), True),
        (at((0.1, 0.0, 1.0), distance=1.1 * DISTANCE), True),
        (at((0.112, 0.0, 1.0)), True),
        (at((0.1, 0.0, 1.0), distance=1.3 * DISTANCE), False),
        (at((0.3, 0.0, 1.0)), False),
        (at((-0.1, 0.0, -1.0)), False),
    ],
    ids=["between two rolls", "a little smaller", "a little aside", "much smaller", "aside", "behind"],
)
def test_a_pose_that_is_too_far_off_gets_a_look_of_its_own(looks, pose, is_loose):
    looks, seen = looks
    looks.at(at((0.1, 0.0, 1.0)), LOOSE)
    looks.at(pose, LOOSE)
    assert len(seen) == (1 if is_loose else 2)
    own = looks.at(pose, CLOSE)
    assert len(seen) == 2 and own.camera_from_object is pose
