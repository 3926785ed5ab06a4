import numpy as np
import pytest
from dense_grasp_core.matching.heatmap import HeatmapError, draw_match, fit_pca, heatmap_overlay, pca_image


def scene(seed=0, dimension=16, noise=0.05):
    """Three coloured regions of descriptors, the same in every frame up to noise and position."""
    anchors = np.random.default_rng(99).normal(size=(4, dimension))
    labels = (np.arange(12)[:, None] // 6 + 2 * (np.arange(16)[None, :] // 8)).astype(int)
    return anchors[labels] + noise * np.random.default_rng(seed).normal(size=(12, 16, dimension))


def test_the_same_descriptor_has_the_same_colour_in_every_frame():
    basis = fit_pca(scene(0))
    first, second = pca_image(scene(0), basis).astype(int), pca_image(scene(1), basis).astype(int)
    assert np.abs(first - second).mean() < 12
    assert np.abs(first[0, 0] - first[-1, -1]).max() > 60, "regions differ"
    np.testing.assert_array_equal(pca_image(scene(0)[:, ::-1], basis), pca_image(scene(0), basis)[:, ::-1])


def test_a_new_fit_keeps_signs_and_stays_near_the_previous():
    basis = fit_pca(scene(0))
    np.testing.assert_allclose(fit_pca(scene(0)).components, basis.components)
    turned = fit_pca(scene(1), previous=basis)
    assert (np.diag(turned.components @ basis.components.T) > 0.9).all()
    difference = pca_image(scene(1), turned).astype(int) - pca_image(scene(0), basis)
    assert np.abs(difference).mean() < 25


@pytest.mark.parametrize("dimension", [1, 2, 3, 64])
def test_any_dimension_gives_an_rgb_image(dimension):
    image = pca_image(scene(0, dimension))
    assert image.shape == (12, 16, 3) and image.dtype == np.uint8


def test_a_constant_grid_is_no_error():
    assert pca_image(np.ones((4, 5, 8))).shape == (4, 5, 3)


def test_heat_stands_out_of_the_image_in_grey():
    rgb = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    rgb[5, 7] = 0, 0, 255
    kernel = np.zeros((20, 30), np.float32)
    kernel[5, 7], kernel[9, 9] = 1.0, 0.3
    result = heatmap_overlay(rgb, kernel).astype(int)
    cold = kernel == 0.0
    assert np.ptp(result[cold], axis=1).max() == 0 and result[cold].max() < 160, "grey, and dim"
    assert np.corrcoef(result[cold][:, 0], rgb[cold].mean(axis=1))[0, 1] > 0.8, "the image is still there"
    assert result[5, 7, 0] > result[5, 7, 2], "the hot end is red in RGB order"
    assert np.ptp(result[9, 9]) > 50, "a third of the greatest score shows as colour"


def test_a_match_is_drawn_around_its_pixel_on_a_copy_and_nan_draws_nothing():
    rgb = np.zeros((60, 60, 3), np.uint8)
    drawn = draw_match(rgb, 30, 30)
    assert drawn.any() and not rgb.any()
    assert not drawn[22:39, 22:39].any(), "what is at the pixel shows"
    assert not draw_match(rgb, float("nan"), 3).any()


def test_wrong_shapes_are_named():
    for bad in (
        lambda: pca_image(np.zeros((3, 4))),
        lambda: pca_image(np.full((3, 4, 5), np.nan)),
        lambda: pca_image(scene(0, 8), fit_pca(scene(0, 16))),
        lambda: heatmap_overlay(np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4))),
        lambda: heatmap_overlay(np.zeros((4, 4, 3)), np.zeros((4, 4))),  # type: ignore[arg-type]
    ):
        with pytest.raises(HeatmapError, match="expected"):
            bad()
