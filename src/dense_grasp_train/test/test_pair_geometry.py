"""Lifting, projecting and the error in space."""

from __future__ import annotations

import numpy as np
from dense_grasp_train.data.pair_geometry import PairGeometry, depth_at_pixels, distance_mm, lift, project

MATRIX = np.array([[100.0, 0, 20], [0, 110, 10], [0, 0, 1]])


def test_project_undoes_lift():
    pixels = np.array([[0.0, 0], [20, 10], [33.25, 7.5]])
    points = lift(MATRIX, pixels, np.array([0.5, 1.0, 2.0]))
    np.testing.assert_allclose(points[1], [0, 0, 1])
    np.testing.assert_allclose(project(MATRIX, points), pixels)
    assert np.isnan(project(MATRIX, -points)).all()


def test_depth_is_that_of_the_nearest_pixel_and_unknown_outside():
    depth = np.arange(12, dtype=np.float32).reshape(3, 4)
    pixels = np.array([[1.4, 1.6], [-0.6, 0], [3.6, 0], [0, 2.4], [np.nan, 1]])
    np.testing.assert_array_equal(depth_at_pixels(depth, pixels), [9, np.nan, np.nan, 8, np.nan])


def test_distance_is_that_in_space():
    depth = np.full((20, 40), 1.0, np.float32)
    depth[:, 30:] = 1.2
    depth[0] = np.nan
    geometry = PairGeometry(MATRIX, MATRIX, depth, depth)
    truth = np.tile([[20.0, 10.0]], (4, 1))
    predicted = np.array([[20.0, 10], [25, 10], [20, 0], [-5, 10]])
    np.testing.assert_allclose(distance_mm(geometry, predicted, truth), [0, 50, np.inf, np.inf], rtol=1e-5)
    behind = distance_mm(geometry, np.array([[30.0, 10.0]]), truth[:1])
    np.testing.assert_allclose(behind, 1000 * np.hypot(0.12, 0.2), rtol=1e-5)
    assert np.isnan(distance_mm(geometry, truth[:1], np.array([[20.0, 0.0]]))).all()
