"""The imitated depth camera: range, units, noise, holes."""

from itertools import pairwise

import numpy as np
import pytest
from dense_grasp_sim.devices.d435 import DepthSensor, imitate

SHAPE = (240, 320)


def flat(z: float) -> np.ndarray:
    return np.full(SHAPE, z, dtype=np.float32)


def test_millimetres_around_the_truth() -> None:
    measured = imitate(flat(0.6), np.random.default_rng(0))
    assert measured.dtype == np.uint16
    valid = measured[measured > 0]
    assert valid.mean() == pytest.approx(600.0, abs=1.0)
    assert len(valid) > 0.9 * measured.size


@pytest.mark.parametrize("z", [0.0, 0.15, 7.0, np.inf, np.nan])
def test_outside_its_range_it_says_nothing(z: float) -> None:
    assert not imitate(flat(z), np.random.default_rng(0)).any()


def test_noise_grows_with_the_square_of_the_distance() -> None:
    def spread(z: float) -> float:
        measured = imitate(flat(z), np.random.default_rng(1)).astype(float)
        return float(measured[measured > 0].std())

    near, far = spread(0.7), spread(2.1)
    assert 0.5 < near < 3.0
    assert far / near == pytest.approx(9.0, rel=0.3)


def test_a_near_object_throws_a_shadow_of_holes_to_one_side() -> None:
    depth = flat(0.62)
    depth[80:160, 140:200] = 0.50
    measured = imitate(depth, np.random.default_rng(2))
    row = measured[120] == 0
    left, right = row[115:140].sum(), row[201:226].sum()
    assert left >= 8 and right <= 4
    assert (measured[120, 150:190] > 0).mean() > 0.9


def test_surfaces_seen_edge_on_have_holes() -> None:
    columns = np.arange(100, dtype=np.float32)
    steep = (0.4 * np.exp(0.02 * columns))[None, :].repeat(SHAPE[0], axis=0)  # 85 degrees off the ray
    gentle = (0.4 + 0.0003 * columns)[None, :].repeat(SHAPE[0], axis=0)
    rng = np.random.default_rng(3)
    assert (imitate(steep, rng)[:, 5:90] == 0).mean() > 0.8
    assert (imitate(gentle, rng) == 0).mean() < 0.02


def test_same_seed_same_picture() -> None:
    first, second, other = (imitate(flat(0.6), np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_no_picture_repeats() -> None:
    rng = np.random.default_rng(6)
    pictures = [imitate(flat(0.6), rng) for _ in range(4)]
    for one, next_one in pairwise(pictures):
        assert (one != next_one).mean() > 0.5


def test_the_noise_is_normal_in_patches_of_two_pixels() -> None:
    """Variance 0.64 of it is a patch's: half of a pixel's neighbours share it, and none two pixels away does."""
    z, s = 2.5, DepthSensor()
    rng = np.random.default_rng(7)
    measured = np.stack([imitate(flat(z), rng) for _ in range(20)]).astype(float)
    measured[measured == 0] = np.nan
    disparity = 1000.0 * s.stereo_focal * s.baseline / measured - s.stereo_focal * s.baseline / z
    spread = np.nanstd(disparity)
    assert spread == pytest.approx(np.hypot(s.noise, s.quantum / np.sqrt(12.0)), rel=0.01)
    scaled = disparity / spread
    assert np.nanmean(scaled**4) == pytest.approx(3.0, abs=0.05)
    for step, expected in ((1, 0.32), (2, 0.0)):
        together = expected * s.noise**2 / spread**2
        assert np.nanmean(scaled[:, :, step:] * scaled[:, :, :-step]) == pytest.approx(together, abs=0.01)
        assert np.nanmean(scaled[:, step:] * scaled[:, :-step]) == pytest.approx(together, abs=0.01)
    assert np.isnan(measured).mean() == pytest.approx(s.speckle, rel=0.2)


def test_settings_are_used() -> None:
    measured = imitate(flat(0.3), np.random.default_rng(0), DepthSensor(minimum=0.35))
    assert not measured.any()
