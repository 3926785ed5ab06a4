import numpy as np
import pytest
from dense_grasp_core.geometry.depth import DepthError, depth_to_metres, robust_depth

NAN = np.nan


def plane(value=0.6, shape=(60, 80)):
    return np.full(shape, value, dtype=np.float32)


def test_flat_surface():
    sample = robust_depth(plane(), 40, 30)
    assert sample is not None
    assert sample.depth == pytest.approx(0.6) and sample.valid_fraction == 1.0 and sample.spread == 0.0


def test_rim_pixel_gets_the_rim_not_the_background():
    depth = plane(0.6)
    depth[:, 40:42] = 0.5
    for u in (39.0, 40.0, 41.0, 43.0):
        sample = robust_depth(depth, u, 30)
        assert sample is not None and sample.depth == pytest.approx(0.5), u


def test_rim_behind_flying_pixels_and_noise():
    rng = np.random.default_rng(0)
    depth = plane(0.60) + rng.normal(0, 0.0015, (60, 80)).astype(np.float32)
    depth[:, 40:43] = 0.5 + rng.normal(0, 0.0015, (60, 3))
    depth[::4, 43] = np.linspace(0.51, 0.59, 15)
    sample = robust_depth(depth, 41, 30)
    assert sample is not None and sample.depth == pytest.approx(0.5, abs=0.002) and 0 < sample.spread < 0.005


def test_a_few_stray_near_pixels_do_not_win():
    depth = plane(0.6)
    depth[29, 40] = 0.31
    depth[31, 41] = 0.42
    sample = robust_depth(depth, 40, 30)
    assert sample is not None and sample.depth == pytest.approx(0.6)


def test_slanted_surface_gets_its_middle():
    depth = plane(0.6) + np.float32(0.004) * (np.arange(80, dtype=np.float32) - 40)
    sample = robust_depth(depth, 40, 30)
    assert sample is not None and sample.depth == pytest.approx(0.6, abs=0.004)


def test_holes_are_skipped_and_counted():
    depth = plane(0.6)
    depth[27:31, 37:44] = 0.0
    depth[31, 37:40] = NAN
    sample = robust_depth(depth, 40, 30)
    assert sample is not None
    assert sample.depth == pytest.approx(0.6) and sample.valid_fraction == pytest.approx(1 - 31 / 49)
    depth[:] = 0.0
    assert robust_depth(depth, 40, 30) is None
    depth[:] = np.inf
    assert robust_depth(depth, 40, 30) is None


def test_too_few_valid_pixels_is_none():
    depth = plane(0.0)
    depth[30, 37:44] = 0.6
    assert robust_depth(depth, 40, 30, min_valid=0.3) is None
    assert robust_depth(depth, 40, 30, min_valid=0.1) is not None


@pytest.mark.parametrize(("u", "v"), [(0, 0), (79, 59), (-0.4, 59.4), (79.4, -0.4)])
def test_image_corners_use_the_part_of_the_window_inside(u, v):
    sample = robust_depth(plane(0.7), u, v)
    assert sample is not None and sample.depth == pytest.approx(0.7) and sample.valid_fraction == 1.0


@pytest.mark.parametrize(("u", "v"), [(-0.6, 5), (80, 5), (5, 60), (NAN, 5), (5, np.inf)])
def test_outside_the_image_is_none(u, v):
    assert robust_depth(plane(), u, v) is None


def test_units_by_encoding():
    raw = np.array([[0, 600, 65535]], dtype=np.uint16)
    np.testing.assert_allclose(depth_to_metres(raw, "16UC1"), [[NAN, 0.6, 65.535]], rtol=1e-6)
    metres = np.array([[0.6, -1.0, 0.0, np.inf, NAN]], dtype=np.float32)
    result = depth_to_metres(metres, "32FC1")
    np.testing.assert_allclose(result, [[0.6, NAN, NAN, NAN, NAN]])
    assert result.dtype == np.float32 and metres[0, 1] == -1.0, "the input stays as it was"


@pytest.mark.parametrize(
    ("image", "encoding"),
    [
        (np.zeros((4, 4), np.uint16), "rgb8"),
        (np.zeros((4, 4), np.float32), "16UC1"),
        (np.zeros((4, 4), np.uint16), "32FC1"),
        (np.zeros((4, 4, 1), np.uint16), "16UC1"),
    ],
)
def test_wrong_images_are_named(image, encoding):
    with pytest.raises(DepthError, match="expected"):
        depth_to_metres(image, encoding)
