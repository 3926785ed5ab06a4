"""Keypoint heads on a pair whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.network import NetworkConfig, NetworkOutput
from dense_grasp_core.geometry import se3
from dense_grasp_train.data.pair_geometry import PairGeometry
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.keypoint_repeatability import KeypointProbe, keypoint_figures

SIZE = (96, 128)
MATRIX = np.array([[100.0, 0, 63.5], [0, 100, 47.5], [0, 0, 1]])
WANTED = np.array([[40.0, 30], [90, 40], [60, 70], [75, 20]])


class Heads(torch.nn.Module):
    """Answers given cells with certainty, and a given depth, for one image after the other."""

    stride = 8
    config = NetworkConfig(keypoints=4)

    def __init__(self, pixels, depths):
        super().__init__()
        self.answers = list(zip(pixels, depths))

    def forward(self, rgb):
        pixels, depth = self.answers.pop(0)
        rows, columns = SIZE[0] // 8, SIZE[1] // 8
        logits = torch.full((1, 4, rows, columns), -60.0)
        for index, (u, v) in enumerate(pixels):
            logits[0, index, int((v + 0.5) // 8), int((u + 0.5) // 8)] = 60.0
        return NetworkOutput(
            rgb, logits, torch.tensor(depth, dtype=torch.float32)[None, :, None, None].expand_as(logits)
        )


def cell(pixels):
    """Centres of the cells that hold the pixels."""
    return (np.floor((pixels + 0.5) / 8) + 0.5) * 8 - 0.5


def pair_of(motion, depth_a):
    geometry = PairGeometry(MATRIX, MATRIX, depth_a, np.full(SIZE, 1.0, np.float32), motion)
    image = np.zeros((*SIZE, 3), np.uint8)
    mask = np.zeros(SIZE, bool)
    mask[40:56, 56:72] = True
    return TestPair(image, image, WANTED, WANTED, mask, geometry)


def test_a_turn_about_the_axis_is_found_exactly():
    angle = np.pi / 2
    turn = np.eye(4)
    turn[:3, :3] = se3.exp(np.array([0, 0, 0, 0, 0, angle]))[:3, :3]
    a = cell(WANTED)
    b = (a - MATRIX[:2, 2]) @ turn[:2, :2].T + MATRIX[:2, 2]
    depth = np.full(SIZE, 1.0, np.float32)
    errors = KeypointProbe(Heads([a, b], [[2.0] * 4] * 2), ModelInfo())(pair_of(turn, depth))
    assert errors.repeat_px.max() < 1e-3
    assert errors.rotation_deg < 1e-3 and errors.predicted_rotation_deg < 1e-3 and errors.centre_mm < 1e-3
    centre = np.array([63.5, 47.5])
    np.testing.assert_allclose(errors.centre_px, 5.0 * np.linalg.norm(b - centre, axis=1), rtol=1e-6)
    same = KeypointProbe(Heads([a, a], [[2.0] * 4] * 2), ModelInfo())(pair_of(turn, depth))
    assert same.rotation_deg == pytest.approx(90.0, abs=1e-3)
    np.testing.assert_allclose(same.repeat_px, 5.0 * np.linalg.norm(b - a, axis=1), rtol=1e-6)


def test_the_heads_own_depth_is_used_for_the_paper_pose():
    a = cell(WANTED)
    depths = [[1.0, 1.2, 1.4, 1.1], [1.4, 1.1, 1.0, 1.3]]
    errors = KeypointProbe(Heads([a, a], depths), ModelInfo())(pair_of(np.eye(4), np.full(SIZE, 1.0, np.float32)))
    assert errors.rotation_deg < 1e-3 and errors.predicted_rotation_deg > 5.0


def test_keypoints_off_the_object_count_as_not_repeated():
    a = cell(WANTED)
    depth = np.full(SIZE, np.nan, np.float32)
    depth[:, 70:] = 1.0
    errors = KeypointProbe(Heads([a, a], [[1.0] * 4] * 2), ModelInfo())(pair_of(np.eye(4), depth))
    assert np.isfinite(errors.repeat_px).tolist() == [False, True, False, True]
    assert np.isnan(errors.rotation_deg)
    figures = keypoint_figures([errors])
    assert figures.on_object == 0.5 and figures.solved == 0.0 and figures.as_dict()["rotation_deg"] is None


def test_a_pair_without_motion_is_refused():
    with pytest.raises(ValueError, match="no known motion"):
        KeypointProbe(Heads([], []), ModelInfo())(pair_of(None, np.ones(SIZE, np.float32)))
    with pytest.raises(ValueError, match="no pairs"):
        keypoint_figures([])
