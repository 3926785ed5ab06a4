import numpy as np
import pytest
from dense_grasp_bench.demo_photo import choose_points, draw, evaluate, patch_matches
from dense_grasp_sim.devices.replay_source import load_motorcycle


@pytest.fixture(scope="module")
def pair():
    return load_motorcycle()


def test_points_are_the_same_for_a_seed_and_lie_in_both_images(pair):
    left, right = choose_points(pair, 50, 0)
    again, _ = choose_points(pair, 50, 0)
    np.testing.assert_array_equal(left, again)
    assert not np.array_equal(left, choose_points(pair, 50, 1)[0])
    assert len(np.unique(left, axis=0)) == 50
    for pixels in (left, right):
        assert (pixels >= 15.5).all() and (pixels < (741 - 15, 500 - 15)).all()
    disparity = pair.disparity[left[:, 1].astype(int), left[:, 0].astype(int)]
    np.testing.assert_allclose(left[:, 0] - right[:, 0], disparity, atol=1e-4)
    np.testing.assert_array_equal(left[:, 1], right[:, 1])


def test_patch_control_finds_an_image_in_itself(pair):
    same = type(pair)(pair.left, pair.left, pair.disparity)
    left, _ = choose_points(pair, 5, 0)
    np.testing.assert_array_equal(patch_matches(same, left), left)


def test_figures_and_picture(pair):
    left, right = choose_points(pair, 10, 0)
    figures = evaluate(pair, left, right, np.add(right, (3.0, 4.0)), seed=0)
    assert figures["graph"]["median_px"] == pytest.approx(5.0)
    assert figures["graph"]["within_10_px"] == 1.0
    assert figures["same pixel"]["median_px"] == pytest.approx(np.median(left[:, 0] - right[:, 0]))
    assert figures["random"]["median_px"] > 100.0
    assert draw(pair, left, right, right).shape == (500, 2 * 741, 3)
