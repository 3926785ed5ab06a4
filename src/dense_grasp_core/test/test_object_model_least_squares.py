"""Least squares of matches and depth: the pose it gives, and a covariance that says how far off it is."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import exp, hat, inverse, log, transform
from dense_grasp_core.object_model.look_at import LookAt, turn_towards
from dense_grasp_core.object_model.pose_least_squares import MATCHES_ALIKE, solve
from dense_grasp_core.object_model.sensed_depth import SensedDepth
from dense_grasp_core.object_model.view_bank import ViewBank

RADIUS = 0.05
CENTRE = np.array([0.1, 0.0, 0.02])
TRUTH = np.eye(4)
TRUTH[:3, :3] = exp([0.0, 0.0, 0.0, 0.4, -0.8, 0.3])[:3, :3]
TRUTH[:3, 3] = np.array([0.05, -0.04, 0.6]) - TRUTH[:3, :3] @ CENTRE
LOOK = LookAt(turn_towards(transform(TRUTH, CENTRE)), 110 * 0.6 / RADIUS, 256)
START = exp([0.004, -0.003, 0.01, 0.03, -0.02, 0.04]) @ TRUTH


@pytest.fixture(scope="module")
def ball():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(1500, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    nothing = np.zeros(4, np.float32)
    return ViewBank(
        CENTRE, RADIUS, CENTRE + RADIUS * normals, normals, np.eye(3)[None], [[]], [[]], 1, nothing, nothing
    )


def matches(bank, rng, noise):
    towards = transform(inverse(TRUTH), np.zeros(3)) - bank.surface
    points = bank.surface[np.sum(towards * bank.normals, 1) > 0][:200]
    return points, LOOK.project(transform(TRUTH, points) @ LOOK.camera_from_virtual) + rng.normal(0, noise, (200, 2))


def test_exact_matches_give_the_pose(ball):
    points, pixels = matches(ball, np.random.default_rng(0), 0.0)
    pixels[::10] += 60.0
    solution = solve(ball, LOOK, points, pixels, START)
    assert np.linalg.norm(log(solution.camera_from_object @ inverse(TRUTH))) < 4e-3


def test_the_covariance_is_that_of_the_error(ball):
    """With independent errors, MATCHES_ALIKE divided out, the squared errors have the mean 6 in its measure."""
    squares = []
    for seed in range(60):
        points, pixels = matches(ball, np.random.default_rng(seed), 3.0)
        solution = solve(ball, LOOK, points, pixels, START)
        found = solution.camera_from_object
        turn = log(found @ inverse(TRUTH))[3:]
        error = np.concatenate([found[:3, 3] - TRUTH[:3, 3], turn])
        squares.append(MATCHES_ALIKE * error @ np.linalg.solve(solution.covariance, error))
        point = np.concatenate([np.eye(3), -hat(found[:3, :3] @ CENTRE)], 1)
        middle = point @ solution.covariance @ point.T
        assert middle[2, 2] > 20 * middle[0, 0]  # along the ray the size in the picture says little
    assert 4.0 < np.mean(squares) < 9.0


def test_depth_settles_what_pixels_leave_open(ball):
    camera = CameraModel(640, 480, 615.0, 615.0, 319.5, 239.5)
    u, v = np.meshgrid(np.arange(640.0), np.arange(480.0))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], 1))
    centre, square = transform(TRUTH, CENTRE), np.sum(rays * rays, 1)
    along = rays @ centre / square
    under_root = along**2 - (centre @ centre - RADIUS**2) / square
    depth = np.where(under_root > 0, along - np.sqrt(np.maximum(under_root, 0)), 0.0).reshape(480, 640)
    off = {False: [], True: []}
    for seed in range(10):
        points, pixels = matches(ball, np.random.default_rng(seed), 3.0)
        for use in off:
            solution = solve(ball, LOOK, points, pixels, START, SensedDepth(depth, camera) if use else None)
            off[use].append(abs(transform(solution.camera_from_object, CENTRE)[2] - centre[2]))
    assert np.mean(off[True]) < 0.5e-3 < np.mean(off[False])
