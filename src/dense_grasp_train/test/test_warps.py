"""A similarity warp is a camera change: checked on projected points."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_train.augment.warps import resize, similarity

MATRIX = np.array([[600.0, 0.0, 310.0], [0.0, 600.0, 250.0], [0.0, 0.0, 1.0]])


def project(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    pixels = points @ matrix.T
    return pixels[:, :2] / pixels[:, 2:]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_warped_pixels_are_the_projection_through_the_warped_camera(factor):
    points = np.random.default_rng(0).uniform([-0.2, -0.2, 0.4], [0.2, 0.2, 0.8], (50, 3))
    warp = resize(similarity(1.1, 1.3, np.array([300.0, 200.0]), np.array([100.0, 150.0])), factor)
    turned = points @ warp.target_from_source[:3, :3].T
    assert np.allclose(warp.apply(project(points, MATRIX)), project(turned, warp.camera_matrix(MATRIX)))


def test_similarity_keeps_its_anchor_and_turns_u_towards_v():
    warp = similarity(np.pi / 2, 2.0, np.array([10.0, 10.0]), np.array([50.0, 60.0]))
    assert np.allclose(warp.apply(np.array([[10.0, 10.0], [11.0, 10.0]])), [[50.0, 60.0], [50.0, 62.0]])


def test_resize_moves_pixel_centres_as_area_averaging_does():
    warp = resize(similarity(0.0, 1.0, np.zeros(2), np.zeros(2)), 0.5)
    assert np.allclose(warp.apply(np.array([[0.5, 0.5], [2.5, 4.5]])), [[0.0, 0.0], [1.0, 2.0]])


def test_pixels_that_are_not_square_are_refused():
    warp = similarity(0.0, 1.0, np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="square pixels"):
        warp.camera_matrix(np.diag([600.0, 500.0, 1.0]))
