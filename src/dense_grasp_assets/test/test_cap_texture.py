import numpy as np
import pytest
from dense_grasp_assets.cap.params import make_cap_params
from dense_grasp_assets.cap.surface import PART_NAMES
from dense_grasp_assets.cap.texture import ATLAS, atlas_uv, paint_atlas

SIZE = 512


@pytest.fixture(scope="module")
def atlas():
    return paint_atlas(make_cap_params(12), SIZE)


def patch(image, part, u, v):
    """Texture rows (len(u), 3) at coordinates of a part."""
    uv = atlas_uv(part, np.asarray(u, float), np.asarray(v, float), SIZE)
    x = np.clip((uv[:, 0] * SIZE).astype(int), 0, SIZE - 1)
    y = np.clip(((1 - uv[:, 1]) * SIZE).astype(int), 0, SIZE - 1)
    return image[y, x].astype(float)


def test_rectangles_of_the_parts_do_not_overlap():
    cover = np.zeros((200, 200), int)
    for left, top, right, bottom in ATLAS.values():
        cover[round(top * 200) : round(bottom * 200), round(left * 200) : round(right * 200)] += 1
    assert cover.max() == 1
    assert set(ATLAS) == set(PART_NAMES)


def test_corners_of_a_part_stay_inside_its_rectangle():
    for part, (left, top, right, bottom) in ATLAS.items():
        uv = atlas_uv(part, np.array([0.0, 1.0]), np.array([0.0, 1.0]), SIZE)
        assert left < uv[0, 0] < uv[1, 0] < right + 1e-6
        assert 1 - bottom - 1e-6 < uv[1, 1] < uv[0, 1] < 1 - top


def test_atlas_repeats_for_a_seed():
    params = make_cap_params(12)
    assert np.array_equal(paint_atlas(params, SIZE), paint_atlas(params, SIZE))


@pytest.mark.parametrize("seed", [0, 1, 12, 1000, 1001])
def test_left_differs_from_right_and_front_from_back_inside(seed):
    image = paint_atlas(make_cap_params(seed), SIZE)
    u, v = (g.ravel() for g in np.meshgrid(np.linspace(0.08, 0.24, 30), np.linspace(0.2, 0.8, 8)))
    mirrored = np.abs(patch(image, "sweatband", u, v) - patch(image, "sweatband", 1 - u, v))
    assert mirrored.mean() > 8
    u, v = (g.ravel() for g in np.meshgrid(np.linspace(0.2, 0.4, 30), np.linspace(0.35, 0.65, 20)))
    sticker = np.abs(patch(image, "brim_under", u, v) - patch(image, "brim_under", 1 - u, v))
    assert sticker.mean() > 8
    u, v = (g.ravel() for g in np.meshgrid(np.linspace(-0.06, 0.06, 30), np.linspace(0.5, 0.75, 20)))
    across = np.abs(patch(image, "inner_crown", u % 1.0, v) - patch(image, "inner_crown", u + 0.5, v))
    assert across.mean() > 8


def test_seams_show_at_every_sixth_of_the_crown(atlas):
    u = np.linspace(0, 1, 2049)[:-1]
    rows = np.mean([patch(atlas, "inner_crown", u, np.full_like(u, v)) for v in (0.3, 0.38, 0.46, 0.52)], axis=0)
    near = np.abs((u * 6 + 0.5) % 1 - 0.5) < 0.05
    between = np.abs((u * 6 + 0.5) % 1 - 0.5) > 0.25
    contrast = np.abs(rows[near].mean(axis=0) - rows[between].mean(axis=0)).sum()
    assert contrast > 30


def test_logo_is_at_the_front_only(atlas):
    v = np.full(40, 0.3)
    front = patch(atlas, "crown", np.linspace(-0.03, 0.03, 40) % 1.0, v)
    plain = patch(atlas, "crown", np.linspace(0.39, 0.42, 40), np.full(40, 0.5))
    assert np.abs(front.mean(axis=0) - plain.mean(axis=0)).sum() > 20
