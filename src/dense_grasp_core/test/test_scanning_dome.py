"""Directions and camera poses around an object, and the way from one to the next."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.coverage import COVERED_WITHIN, share_covered
from dense_grasp_core.scanning.dome import directions_for, dome_directions, dome_view, viewing_distance
from dense_grasp_core.scanning.route import short_route

CAMERA = CameraModel(640, 480, 615.0, 615.0, 319.5, 239.5)
CENTRE = np.array([0.5, 0.1, 0.05])


@pytest.mark.parametrize("count", [8, 40, 150])
def test_directions_are_spread_evenly_over_the_sky(count):
    directions = dome_directions(count, np.radians(25.0))
    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert np.degrees(np.arcsin(directions[:, 2])).min() >= 25.0
    assert (np.diff(directions[:, 2]) < 0).all(), "the highest first"
    apart = directions @ directions.T - 2.0 * np.eye(count)
    nearest = np.arccos(apart.max(axis=1))
    assert nearest.max() < 2.0 * nearest.min()
    assert np.abs(directions[:, :2].mean(axis=0)).max() < 0.15


@pytest.mark.parametrize("spacing", [0.2, 0.35, 0.6])
def test_a_spacing_gives_neighbours_so_far_apart(spacing):
    directions = dome_directions(directions_for(spacing, 0.44), 0.44)
    nearest = np.arccos((directions @ directions.T - 2.0 * np.eye(len(directions))).max(axis=1))
    assert np.median(nearest) == pytest.approx(spacing, rel=0.2)


def test_every_pose_has_the_whole_object_in_its_picture_and_none_of_it_too_near():
    radius, nearest = 0.12, 0.28
    distance = viewing_distance(CAMERA, radius, nearest)
    sphere = CENTRE + radius * dome_directions(400, -np.pi / 2)
    for direction in dome_directions(12, 0.3):
        for pose in dome_view(CENTRE, direction, [distance, 1.2 * distance]).poses:
            seen = transform(inverse(pose), sphere)
            assert seen[:, 2].min() >= nearest - 1e-9
            pixels = CAMERA.project(seen)
            assert all(CAMERA.contains(u, v) for u, v in pixels)
            towards = (pose[:3, 3] - CENTRE) / np.linalg.norm(pose[:3, 3] - CENTRE)
            assert np.allclose(towards, direction)
            assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3)) and np.linalg.det(pose[:3, :3]) > 0.99
    assert viewing_distance(CAMERA, 0.02, nearest) == pytest.approx(nearest + 0.02), "a small object is not seen nearer"


def test_the_share_of_directions_grows_with_the_pictures():
    assert share_covered(np.zeros((0, 3))) == 0.0
    straight_up = share_covered(np.array([[0.0, 0.0, 1.0]]))
    assert straight_up == pytest.approx(1.0 - np.cos(COVERED_WITHIN), abs=0.01)
    assert share_covered(dome_directions(60, 0.1)) > 0.95


def test_a_route_goes_everywhere_once_by_a_short_way():
    rng = np.random.default_rng(3)
    goals = rng.uniform(-1.5, 1.5, (30, 7))
    start = np.zeros(7)

    def travel(order):
        places = [start, *(goals[i] for i in order)]
        return sum(np.abs(b - a).max() for a, b in pairwise(places))

    order = short_route(start, list(goals))
    assert sorted(order) == list(range(30))
    assert travel(order) < 0.75 * travel(range(30))
    on_a_line = [np.full(7, x) for x in (0.9, 0.1, 0.5, 0.3, 0.7)]
    assert short_route(start, on_a_line) == [1, 3, 2, 4, 0]
    assert short_route(start, []) == []
