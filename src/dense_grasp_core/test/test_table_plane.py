"""The dominating plane of depth points: its height and tilt to the millimetre, and a sentence where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.cell_measures.table_plane import LEAST_POINTS, PlaneError, fit_plane, plane_in_base, table_offset
from dense_grasp_core.geometry.se3 import exp, look_at, transform

EYE = np.array([0.5, 0.0, 0.62])


def table(height=0.0, slope=(0.0, 0.0), noise=0.002, count=6000, seed=0) -> np.ndarray:
    """Points of a table, 60 cm by 45 cm, base frame."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.2, 0.8, count), rng.uniform(-0.22, 0.22, count)
    z = height + slope[0] * (x - 0.5) + slope[1] * y + rng.normal(0.0, noise, count)
    return np.stack([x, y, z], axis=1)


def clutter(count=2500, seed=1) -> np.ndarray:
    """A box of points on the table: what lies there, and flying pixels."""
    return np.random.default_rng(seed).uniform([0.4, -0.1, 0.0], [0.6, 0.1, 0.2], (count, 3))


@pytest.mark.parametrize("height", [-0.104, 0.0, 0.03])
def test_height_and_tilt_are_those_of_the_table_below_an_object(height):
    plane = fit_plane(np.concatenate([table(height, (0.05, -0.02)), clutter() + np.array([0, 0, height])]), EYE)
    assert plane.height_at(0.5, 0.0) == pytest.approx(height, abs=0.001)
    assert plane.tilt == pytest.approx(np.degrees(np.arctan(np.hypot(0.05, 0.02))), abs=0.15)
    assert 0.65 < plane.share < 0.9
    assert plane.residual == pytest.approx(0.002, abs=0.001)


def test_a_table_seen_from_below_is_tilted_by_half_a_turn():
    assert fit_plane(table(), EYE).tilt < 1.0
    assert fit_plane(table(), [0.5, 0.0, -0.5]).tilt > 179.0


@pytest.mark.parametrize("factor", [0.001, 0.1, 10.0, 1000.0])
def test_a_plane_scales_with_its_points(factor):
    points_camera = table() - EYE
    scaled = fit_plane(points_camera * factor)
    assert scaled.offset == pytest.approx(fit_plane(points_camera).scaled(factor).offset, rel=1e-6)
    assert scaled.share > 0.99


def test_moving_a_plane_is_fitting_the_moved_points():
    base_from_camera = look_at([0.4, 0.1, 0.6], [0.5, 0.0, 0.0])
    points_base = table(0.02, (0.03, 0.0))
    points_camera = transform(np.linalg.inv(base_from_camera), points_base)
    plane = plane_in_base(points_camera, base_from_camera)
    direct = fit_plane(points_base, base_from_camera[:3, 3])
    np.testing.assert_allclose(plane.normal, direct.normal, atol=1e-6)
    assert plane.offset == pytest.approx(direct.offset, abs=1e-6)
    back = plane.moved(exp([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])).moved(np.linalg.inv(exp([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])))
    np.testing.assert_allclose(back.normal, plane.normal, atol=1e-12)
    assert np.abs(plane.distances(points_base)).max() < 0.012


def test_the_same_points_give_the_same_plane():
    points = np.concatenate([table(), clutter()])
    one, two = fit_plane(points, EYE), fit_plane(points, EYE)
    np.testing.assert_array_equal(one.normal, two.normal)
    assert one.offset == two.offset


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((5, 2)), r"shape \(5, 2\), expected \(N, 3\)"),
        (table(count=LEAST_POINTS - 1), f"{LEAST_POINTS - 1} points"),
        (np.full((5000, 3), np.nan), "0 points"),
        (np.tile([0.5, 0.0, 0.0], (500, 1)), "one spot"),
        (np.random.default_rng(0).uniform(-0.5, 0.5, (5000, 3)), "no plane"),
    ],
)
def test_points_without_a_plane_are_refused_with_what_they_are(points, words):
    with pytest.raises(PlaneError, match=words):
        fit_plane(points, EYE)


def test_the_offset_of_a_table_from_the_configured_height():
    assert table_offset(table(0.037), EYE, (0.5, 0.0), 0.0) == pytest.approx(0.037, abs=0.001)
    assert table_offset(table(0.037), EYE, (0.5, 0.0), 0.05) == pytest.approx(-0.013, abs=0.001)
    wall = table()[:, [2, 0, 1]]
    with pytest.raises(PlaneError, match="90 degrees from level"):
        table_offset(wall, EYE, (0.5, 0.0), 0.0)
