"""RootSIFT finds a turned and shifted picture again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from dense_grasp_train.evaluation.root_sift import describe, root_sift


def picture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 255, (16, 22, 3), dtype=np.uint8)
    return cv2.resize(noise, (256, 192), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("angle", [0, 60, 150])
def test_points_of_a_turned_picture_are_found(angle):
    image = picture()
    turn = cv2.getRotationMatrix2D((127.5, 95.5), angle, 1.0)
    turned = cv2.warpAffine(image, turn, (256, 192), borderMode=cv2.BORDER_REFLECT)
    pixels = np.random.default_rng(1).uniform([88, 56], [168, 136], (20, 2))
    truth = pixels @ turn[:, :2].T + turn[:, 2]
    error = np.linalg.norm(root_sift(image, turned, pixels) - truth, axis=1)
    assert np.median(error) <= 4.0 and (error < 8).mean() >= 0.8


def test_descriptors_are_root_sift():
    found = describe(picture()[..., 1].copy(), np.array([[100.0, 90.0], [2.0, 2.0]]))
    assert found.shape == (2, 128) and (found >= 0).all()
    np.testing.assert_allclose((found**2).sum(1), 1.0, atol=1e-5)
