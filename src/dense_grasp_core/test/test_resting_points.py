"""The same spots in two pictures of a printed table, turned and shifted against each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from dense_grasp_core.cell_measures.resting_points import DepthPicture, RestingPointsError, resting_points
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import exp, inverse, look_at, transform

CAMERA = CameraModel(320, 240, 300.0, 300.0, 159.5, 119.5)


def printed(seed: int = 0) -> np.ndarray:
    """A sheet of spots and letters, 1 mm a pixel, 800 by 800."""
    rng = np.random.default_rng(seed)
    sheet = np.full((800, 800), 200, np.uint8)
    for _ in range(600):
        x, y = (int(c) for c in rng.integers(0, 800, 2))
        letter = chr(int(rng.integers(65, 91)))
        cv2.putText(sheet, letter, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, int(rng.integers(0, 120)), 2)
    return sheet


def picture(sheet: np.ndarray, base_from_optical: np.ndarray, noise: float = 0.001, seed: int = 0) -> DepthPicture:
    """What a camera sees of the sheet lying on z = 0 about the origin: exact but for noise of depth."""
    v, u = np.mgrid[0 : CAMERA.height, 0 : CAMERA.width]
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], axis=1)) @ base_from_optical[:3, :3].T
    depth = -base_from_optical[2, 3] / rays[:, 2]
    points = base_from_optical[:3, 3] + depth[:, None] * rays
    maps = [(1000 * points[:, i] + 400).reshape(u.shape).astype(np.float32) for i in (0, 1)]
    grey = cv2.remap(sheet, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=128)
    noisy = depth.reshape(u.shape) + np.random.default_rng(seed).normal(0, noise, u.shape)
    return DepthPicture(np.repeat(grey[..., None], 3, axis=2), noisy, CAMERA)


FIRST = look_at([0.0, 0.0, 0.6], [0.0, 0.01, 0.0], [0, 1, 0])
SECOND = FIRST @ exp([0.03, 0.02, 0, 0.05, 0.1, 0.7])


def test_common_points_are_common():
    sheet = printed()
    one, two = resting_points(picture(sheet, FIRST), picture(sheet, SECOND, seed=1))
    assert len(one) >= 30
    apart = np.linalg.norm(transform(FIRST, one) - transform(SECOND, two), axis=1)
    assert np.median(apart) < 0.003


def test_what_moves_with_the_camera_drops_out():
    sheet = printed()
    pictures = [picture(sheet, FIRST), picture(sheet, SECOND, seed=1)]
    finger = printed(5)[:60, :100]
    for p in pictures:
        p.rgb[-60:, :100] = finger[..., None]
        p.depth[-60:, :100] = 0.15
    one, two = resting_points(*pictures)
    assert np.median(np.linalg.norm(transform(FIRST, one) - transform(SECOND, two), axis=1)) < 0.003
    assert one[:, 2].min() > 0.3


def test_the_points_tell_a_wrong_mount():
    """The camera believed 5 cm beside where it is: turned by 0.7 rad, that is 34 mm between the two places."""
    sheet = printed()
    one, two = resting_points(picture(sheet, FIRST), picture(sheet, SECOND, seed=1))
    wrong = np.eye(4)
    wrong[0, 3] = 0.05
    # the hand's poses are the cameras' by a mount of identity
    apart = transform(SECOND @ wrong, two) - transform(FIRST @ wrong, one)
    expected = (SECOND @ wrong @ inverse(SECOND) - FIRST @ wrong @ inverse(FIRST))[:3, 3]
    assert np.linalg.norm(expected) == pytest.approx(0.034, abs=0.002)
    np.testing.assert_allclose(np.median(apart, axis=0), expected, atol=0.003)


def test_a_bare_table_is_refused_with_what_to_do():
    bare = np.full((800, 800), 128, np.uint8)
    with pytest.raises(RestingPointsError, match="newspaper"):
        resting_points(picture(bare, FIRST), picture(bare, SECOND))


def test_pictures_of_different_scenes_are_refused():
    with pytest.raises(RestingPointsError, match=r"matched features|features with depth"):
        resting_points(picture(printed(0), FIRST), picture(printed(1), SECOND))


def test_pictures_without_depth_are_refused():
    sheet = printed()
    blind = picture(sheet, SECOND)
    blind.depth[:] = np.nan
    with pytest.raises(RestingPointsError, match="0 features with depth"):
        resting_points(picture(sheet, FIRST), blind)
