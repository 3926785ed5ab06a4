"""Content-free predictors on images where their answer is known."""

from __future__ import annotations

import numpy as np
from dense_grasp_train.evaluation import controls


def test_random_point_lies_on_the_mask():
    mask = np.zeros((20, 30), bool)
    mask[5:8, 10:12] = True
    points = controls.random_on_mask(mask, 100, np.random.default_rng(0)).astype(int)
    assert mask[points[:, 1], points[:, 0]].all()
    assert len(np.unique(points, axis=0)) == 6


def test_centroid():
    mask = np.zeros((20, 30), bool)
    mask[5:8, 10:13] = True
    assert controls.mask_centroid(mask, 2).tolist() == [[11.0, 6.0], [11.0, 6.0]]


def test_same_pixel_is_a_copy():
    pixels = np.array([[1.5, 2.0]])
    answer = controls.same_pixel(pixels)
    answer[0, 0] = 9.0
    assert pixels[0, 0] == 1.5


def test_rgb_patch_finds_a_shift_of_the_picture():
    rng = np.random.default_rng(0)
    image = np.kron(rng.integers(0, 255, (60, 80, 3)), np.ones((2, 2, 1))).astype(np.uint8)
    shifted = np.roll(image, (8, -12), axis=(0, 1))
    pixels = np.array([[60.5, 40.5], [90.5, 70.5]])
    assert np.abs(controls.rgb_patch(image, shifted, pixels) - (pixels + np.array([-12, 8]))).max() <= 1.0
