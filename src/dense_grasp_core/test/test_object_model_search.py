"""Looks at an object, and templates laid over a picture, are what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.look_at import (
    ConformalPicture,
    LookAt,
    PicturePyramid,
    roll,
    roll_between,
    turn_towards,
)
from dense_grasp_core.object_model.template_search import Templates
from dense_grasp_core.object_model.view_bank import COARSE

CAMERA = CameraModel(320, 240, 200.0, 210.0, 150.0, 125.0)
DISTORTED = CameraModel(320, 240, 200.0, 210.0, 150.0, 125.0, (-0.1, 0.02, 0.0, 0.0, 0.0))


def spot(camera, direction):
    """A black picture with a smooth spot where the camera sees the direction."""
    u0, v0 = camera.project(direction[None])[0]
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    bright = 255 * np.exp(-((u - u0) ** 2 + (v - v0) ** 2) / (2 * 4.0**2))
    return np.repeat(np.rint(bright)[..., None], 3, 2).astype(np.uint8)


def centre_of(rgb):
    weight = rgb[..., 0].astype(float)
    u, v = np.meshgrid(np.arange(rgb.shape[1]), np.arange(rgb.shape[0]))
    return np.array([(weight * u).sum(), (weight * v).sum()]) / weight.sum()


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.4, -0.3, 0.8), (0.0, 0.0, -1.0)])
def test_the_smallest_turn_leads_to_the_direction(direction):
    turn = turn_towards(np.array(direction))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(turn[:, 2], np.array(direction) / np.linalg.norm(direction), atol=1e-12)


def test_roll_between_finds_the_roll():
    base = turn_towards(np.array([0.3, 0.5, 0.6]))
    assert roll_between(roll(0.7) @ base, base) == pytest.approx(0.7)


@pytest.mark.parametrize("camera", [CAMERA, DISTORTED], ids=["plain", "distorted"])
@pytest.mark.parametrize("focal", [400.0, 80.0])
def test_what_is_looked_at_lies_in_the_middle(camera, focal):
    direction = np.array([0.35, -0.25, 1.0])
    picture = PicturePyramid(spot(camera, direction), camera)
    rgb = picture.look(LookAt(turn_towards(direction) @ roll(0.5), focal, 96))
    np.testing.assert_allclose(centre_of(rgb), [47.5, 47.5], atol=0.6)


@pytest.mark.parametrize("scale", [1.0, 0.4])
@pytest.mark.parametrize("direction", [(0.02, -0.03, 1.0), (-0.5, 0.3, 1.0)])
def test_a_pixel_of_the_conformal_picture_has_the_direction_of_what_it_shows(scale, direction):
    direction = np.array(direction)
    picture = PicturePyramid(spot(CAMERA, direction), CAMERA)
    conformal = ConformalPicture.of(picture, scale)
    assert conformal.rgb.shape[0] % 8 == conformal.rgb.shape[1] % 8 == 0
    found, enlarged = conformal.directions(centre_of(conformal.rgb))
    assert np.degrees(np.arccos(found @ direction / np.linalg.norm(direction))) < 0.4
    axis_angle = np.arctan(np.linalg.norm(direction[:2]))
    assert enlarged == pytest.approx(1.0 / np.cos(axis_angle / 2.0) ** 2, rel=0.01)


def test_template_scores_are_the_mean_similarity_of_the_cells_in_each_place():
    rng = np.random.default_rng(0)
    templates, cells, dimensions, height, width = 3, 4, 5, 9, 7
    descriptors = rng.normal(size=(templates, cells, dimensions)).astype(np.float32)
    half = COARSE.side // 2
    offsets = rng.integers(-half, half, (templates, cells, 2))
    counts = np.array([4, 2, 4], np.float32)
    features = rng.normal(size=(height, width, dimensions)).astype(np.float32)
    unused = np.zeros((dimensions, dimensions), np.float32)
    scores = Templates(descriptors, offsets, counts, np.zeros((templates, 2), int), unused).scores(features)
    expected = np.zeros((templates, height, width))
    for row, v, u in np.ndindex(expected.shape):
        for cell in range(int(counts[row])):
            dv, du = offsets[row, cell]
            if 0 <= v + dv < height and 0 <= u + du < width:
                expected[row, v, u] += descriptors[row, cell] @ features[v + dv, u + du] / counts[row]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
