import numpy as np
import pytest
from dense_grasp_assets.cap.params import CapError, make_cap_params
from dense_grasp_assets.cap.surface import (
    PART_NAMES,
    cap_normal,
    cap_point,
    in_opening,
    strap_top_v,
    sweatband_top_v,
)

SEEDS = (0, 3, 205, 1000)


@pytest.mark.parametrize("seed", SEEDS)
def test_rim_points_of_the_demo_lie_at_front_and_back_centre(seed):
    params = make_cap_params(seed)
    front, back = cap_point(params, "crown", [0.0, 0.5], 0.0)
    assert front == pytest.approx([params.half_length, 0, 0], abs=1e-9)
    assert back == pytest.approx([-params.half_length, 0, 0], abs=1e-9)
    assert cap_point(params, "crown", 0.25, 0.0) == pytest.approx([0, params.half_width, 0], abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_crown_ends_at_the_button(seed):
    params = make_cap_params(seed)
    assert cap_point(params, "crown", 0.3, 1.0) == pytest.approx([0, 0, params.height], abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_brim_runs_from_the_front_rim_forward_left_to_right(seed):
    params = make_cap_params(seed)
    tip = cap_point(params, "brim", 0.5, 1.0)
    assert tip[0] == pytest.approx(params.half_length + params.brim_length, abs=1e-6)
    assert cap_point(params, "brim", 0.2, 0.5)[1] > 0.02
    assert cap_point(params, "brim", 0.8, 0.5)[1] < -0.02
    assert np.linalg.norm(cap_point(params, "brim_under", 0.5, 0.0) - cap_point(params, "crown", 0, 0)) < 0.003


@pytest.mark.parametrize("part", PART_NAMES)
def test_normals_match_finite_differences_and_point_outward(part):
    params = make_cap_params(4)
    u, v = np.meshgrid(np.linspace(0.1, 0.9, 9), np.linspace(0.1, 0.9, 9))
    normal, step = cap_normal(params, part, u, v), 2e-4
    along_u = cap_point(params, part, u + step, v) - cap_point(params, part, u - step, v)
    along_v = cap_point(params, part, u, v + step) - cap_point(params, part, u, v - step)
    assert np.linalg.norm(normal, axis=-1) == pytest.approx(1.0)
    for along in (along_u, along_v):
        cosine = np.einsum("...c,...c->...", normal, along) / np.linalg.norm(along, axis=-1)
        assert np.abs(cosine).max() < 0.02
    outward = cap_point(params, part, u, v) - np.array([0, 0, 0.3 * params.height])
    facing = np.einsum("...c,...c->...", normal, outward)
    if part in ("crown", "strap", "button"):
        assert facing.min() > 0
    elif part in ("inner_crown", "sweatband"):
        assert facing.max() < 0
    else:
        assert (normal[..., 2] > 0).all() == (part == "brim")


def test_inside_lies_one_thickness_from_outside():
    params = make_cap_params(2)
    u, v = np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 20))
    gap = np.linalg.norm(cap_point(params, "crown", u, v) - cap_point(params, "inner_crown", u, v), axis=-1)
    assert gap == pytest.approx(params.thickness)


def test_parts_of_the_dome_share_their_borders():
    params = make_cap_params(9)
    u = np.linspace(0, 1, 25)
    band = cap_point(params, "inner_crown", u, sweatband_top_v(params))
    assert cap_point(params, "sweatband", u, 1.0) == pytest.approx(band, abs=1e-9)
    edge = 0.5 + (2 * u - 1) * params.opening_half_angle / (2 * np.pi)
    top = cap_point(params, "crown", edge, strap_top_v(params))
    assert cap_point(params, "strap", u, 1.0) == pytest.approx(top, abs=1e-9)
    assert cap_point(params, "strap", 0.5, 1.0)[2] == pytest.approx(params.strap_height, abs=2e-4)


def test_same_coordinates_are_the_same_place_on_every_cap():
    u, v = np.meshgrid(np.linspace(0, 0.95, 20), np.linspace(0, 1, 10))
    caps = [make_cap_params(seed) for seed in range(12)]
    for part in PART_NAMES:
        points = np.array([cap_point(p, part, u, v) / [p.half_length, p.half_width, p.height] for p in caps])
        assert np.abs(points - points.mean(axis=0)).max() < 0.26, part


def test_opening_leaves_the_strap_closed():
    params = make_cap_params(1)
    low = strap_top_v(params)
    assert not in_opening(params, np.pi, low - 0.01)
    assert in_opening(params, np.pi, low + 0.02)
    assert not in_opening(params, 0.0, low + 0.02)
    assert not in_opening(params, np.pi, params.opening_top + 0.01)


def test_wrong_part_and_coordinates_are_named():
    params = make_cap_params(0)
    with pytest.raises(CapError, match="visor"):
        cap_point(params, "visor", 0, 0)
    with pytest.raises(CapError, match=r"1\.5"):
        cap_point(params, "crown", 1.5, 0)
