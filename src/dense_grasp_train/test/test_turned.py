"""Pictures turned in their plane show what a turned camera sees."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.geometry.se3 import inverse, rotation_angle
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.turned import angles, turned_pair, turned_view


@pytest.mark.parametrize("degrees", [37.0, 180.0, 290.0])
def test_a_turned_view_is_what_the_turned_camera_sees(degrees):
    view = box.picture(box.pose_from(20, 35, aside=(0.1, -0.05)), background=(0, 0, 0))
    turned = turned_view(view, np.radians(degrees))
    motion = turned.pose @ inverse(view.pose)
    angle = np.degrees(rotation_angle(motion))
    assert angle == pytest.approx(min(degrees, 360 - degrees), abs=1e-3)
    seen = box.picture(turned.pose, background=(0, 0, 0))
    both = seen.mask & turned.mask
    assert both.sum() > 0.97 * (seen.mask | turned.mask).sum()
    assert np.median(np.abs(seen.depth - turned.depth)[both]) < 5e-4
    assert np.median(np.abs(seen.rgb.astype(int) - turned.rgb)[both]) <= 3


def test_a_turned_pair_shows_the_same_points():
    rng = np.random.default_rng(1)
    image = cv2.resize(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)
    pixels = rng.uniform(5, 110, (30, 2))
    pair = TestPair(image, image, pixels, pixels, np.ones((120, 160), bool))
    sizes = set()
    for angle in (0.4, 2.0, 5.0):
        turned = turned_pair(pair, angle)
        sizes.add(turned.image_b.shape)
        seen, expected = (
            cv2.remap(picture, at.astype(np.float32)[None], None, cv2.INTER_LINEAR)[0].astype(int)
            for picture, at in ((turned.image_b, turned.pixels_b), (image, pixels))
        )
        assert np.abs(seen - expected).max() < 12
        first, second = (at - at.mean(0) for at in (pixels, turned.pixels_b))
        assert np.allclose(np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1))
    assert sizes == {(224, 224, 3)}


def test_angles_are_drawn_from_the_whole_circle():
    drawn = angles(400)
    assert (angles(7) == drawn[:7]).all()
    assert np.histogram(drawn, 4, (0, 2 * np.pi))[0].min() > 70
