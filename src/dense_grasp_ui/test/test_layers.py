"""Depth and descriptors as colours."""

import numpy as np
import pytest
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.fit import opening_at
from dense_grasp_ui.pictures.layers import DescriptorColours, depth_colours


def test_near_is_red_far_is_blue_and_what_was_not_measured_is_black():
    depth = np.tile(np.linspace(0.4, 0.8, 60, dtype=np.float32), (20, 1))
    depth[:5] = np.nan
    rgb, told = depth_colours(depth)
    near, far = rgb[-1, 6].astype(int), rgb[-1, -7].astype(int)  # beside the ends, which are dark
    assert near[0] > near[2] + 50 and far[2] > far[0] + 50
    assert not rgb[:5].any() and rgb[5:].any(axis=2).all()
    assert told == "Red is 407 mm from the camera, blue 793 mm; black was not measured (25%)."


def test_no_depth_at_all_is_said():
    rgb, told = depth_colours(np.full((4, 6), np.nan, np.float32))
    assert rgb.shape == (4, 6, 3) and not rgb.any() and told == "No depth was measured."


@pytest.mark.parametrize("channels", [1, 2, 64])
def test_like_descriptors_have_like_colours_and_keep_them(channels):
    drawn = np.random.default_rng(0)
    kinds = drawn.normal(size=(2, channels))
    halves = np.repeat(kinds, 6, axis=0)[None].repeat(8, axis=0) + 0.01 * drawn.normal(size=(8, 12, channels))
    halves, colours = halves.astype(np.float16), DescriptorColours()
    rgb, told = colours.colours(halves, "net-1", (120, 80))
    assert rgb.shape == (80, 120, 3) and "net-1" in told
    left, right = rgb[:, :60].reshape(-1, 3).astype(float), rgb[:, 60:].reshape(-1, 3).astype(float)
    first = np.abs(left.mean(0) - right.mean(0)).max()
    assert first > 150
    mirrored, _ = colours.colours(halves[:, ::-1], "net-1", (120, 80))
    np.testing.assert_allclose(mirrored, rgb[:, ::-1], atol=1)
    colours.colours(np.zeros((8, 12, 3)), "net-2", (120, 80))  # another network, which describes all alike


def test_the_opening_is_drawn_at_the_depth_of_the_pixel():
    depth = np.full((48, 64), 0.5, np.float32)
    depth[:, 32:] = 0.25
    far, near = opening_at(depth, 600.0, 10, 24, 0.08), opening_at(depth, 600.0, 50, 24, 0.08)
    assert (far.pixels, near.pixels) == (pytest.approx(96.0), pytest.approx(192.0))
    assert (far.depth, near.depth) == (pytest.approx(0.5), pytest.approx(0.25))
    with pytest.raises(PictureError, match=r"no depth was measured around pixel \(10, 24\)"):
        opening_at(np.full((48, 64), np.nan, np.float32), 600.0, 10, 24, 0.08)
