import pytest
from dense_grasp_assets.cap.params import (
    FIRST_UNSEEN_SEED,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    CapError,
    make_cap_params,
)


def test_same_seed_gives_the_same_cap_and_another_seed_another():
    assert make_cap_params(7) == make_cap_params(7)
    assert make_cap_params(7) != make_cap_params(8)


def test_sizes_stay_near_the_nominal_cap():
    for seed in range(80):
        params = make_cap_params(seed)
        assert 0.196 * 0.9 < 2 * params.half_length < 0.196 * 1.1
        assert 0.160 * 0.9 < 2 * params.half_width < 0.160 * 1.1
        assert 0.115 * 0.89 < params.height < 0.115 * 1.12
        assert 0.022 <= params.strap_height <= 0.025
        assert 0.06 < params.mass < 0.1
        assert params.thickness == 0.0025


def test_shapes_colours_and_patterns_vary():
    caps = [make_cap_params(seed) for seed in range(60)]
    assert len({cap.appearance.scheme for cap in caps}) >= 5
    assert len({cap.appearance.logo for cap in caps}) >= 5
    assert max(cap.brim_curvature for cap in caps) > 3 * min(cap.brim_curvature for cap in caps)
    assert len({cap.appearance.base for cap in caps}) == 60


def test_seed_ranges_are_disjoint():
    assert not set(TRAINING_SEEDS) & set(VALIDATION_SEEDS)
    assert max(VALIDATION_SEEDS) < FIRST_UNSEEN_SEED


def test_negative_seed_is_refused():
    with pytest.raises(CapError, match="-1"):
        make_cap_params(-1)
