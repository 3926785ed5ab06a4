import numpy as np
import pytest
import torch
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, MatchingError, dense_kernel, upsample
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = [
    (48, 64, 8),
    (50, 67, 8),
    (96, 64, 32),
    (33, 20, 16),
    (8, 40, 8),
    (40, 8, 8),
    (8, 8, 8),
    (120, 160, 7.5),
]


def random_grid(seed, size, dimension, normalise=True, offset=0.0):
    height, width, stride = size
    cells = (int(np.ceil(height / stride)), int(np.ceil(width / stride)))
    features = np.random.default_rng(seed).normal(size=(*cells, dimension)) + offset
    if normalise:
        features /= np.linalg.norm(features, axis=2, keepdims=True)
    features = features.astype(np.float32)
    return features, DescriptorGrid.from_array(features, stride, (height, width))


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_upsampling_is_torchs(stride):
    features = np.random.default_rng(0).normal(size=(5, 6, 4)).astype(np.float32)
    low = torch.from_numpy(features).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(low, scale_factor=stride, mode="bilinear", align_corners=False)
    found = upsample(features, stride, (5 * stride, 6 * stride))
    np.testing.assert_allclose(found, expected[0].permute(1, 2, 0).numpy(), atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dimension", [1, 3, 64, 512])
@pytest.mark.parametrize("normalise", [True, False])
def test_exact_form_is_the_dense_formula(size, dimension, normalise):
    features, grid = random_grid(dimension, size, dimension, normalise)
    dense = upsample(features.astype(np.float64), size[2], size[:2])
    descriptor = grid.sample(size[1] * 0.4, size[0] * 0.7)
    squared = np.sum((dense - descriptor) ** 2, axis=2)
    scale = max(1.0, float(squared.max()))
    np.testing.assert_allclose(grid.squared_distance(descriptor), squared, atol=3e-6 * scale)
    for t in (-0.5, 0.0, 1.1):
        expected = dense_kernel(dense, descriptor, t)
        np.testing.assert_allclose(grid.kernel(descriptor, t), expected, atol=2e-5 * scale)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.integers(0, 10**6),
    st.sampled_from(SIZES),
    st.sampled_from([1, 2, 16, 64]),
    st.booleans(),
    st.booleans(),
)
def test_same_argmax_as_the_dense_formula(seed, size, dimension, normalise, own):
    features, grid = random_grid(seed, size, dimension, normalise)
    rng = np.random.default_rng(seed + 1)
    if own:
        descriptor = grid.sample(rng.uniform(0, size[1] - 1), rng.uniform(0, size[0] - 1))
    else:
        descriptor = (features[0, 0] + 0.3 * rng.normal(size=dimension)).astype(np.float32)
    distance = np.sum((upsample(features.astype(np.float64), size[2], size[:2]) - descriptor) ** 2, axis=2)
    u, v = grid.nearest(descriptor)
    # clamped borders and constant stretches make exact ties; any of the tied pixels is the argmax
    assert distance[v, u] <= distance.min() + 1e-12 * max(1.0, float(distance.max()))


@pytest.mark.parametrize(("dimension", "size"), [(64, (480, 640)), (512, (240, 320))])
def test_same_argmax_at_camera_resolution(dimension, size):
    features, grid = random_grid(3, (*size, 8), dimension)
    dense = upsample(features, 8, size)
    for seed in range(3):
        u, v = np.random.default_rng(seed).integers(8, 230, 2)
        descriptor = dense[v, u] + np.float32(0.01)
        kernel = dense_kernel(dense, descriptor, 0.0)
        row, column = np.unravel_index(int(np.argmax(kernel)), kernel.shape)
        assert grid.nearest(descriptor) == (column, row)
        assert np.argmax(grid.kernel(descriptor, 0.0)) == row * size[1] + column


def test_a_common_offset_costs_no_accuracy():
    features, grid = random_grid(5, (48, 64, 8), 16, normalise=False, offset=1000.0)
    descriptor = grid.sample(20, 30)
    dense = upsample(features.astype(np.float64), 8, (48, 64))
    expected = np.sum((dense - descriptor) ** 2, axis=2)
    np.testing.assert_allclose(grid.squared_distance(descriptor), expected, atol=5e-2)
    assert grid.nearest(descriptor) == (20, 30)


def test_kernel_is_one_at_the_pixel_a_descriptor_was_sampled_from():
    _, grid = random_grid(0, (480, 640, 8), 64)
    for u, v in ((0, 0), (639, 479), (123, 77), (320, 3)):
        kernel = grid.kernel(grid.sample(u, v), -0.5)
        assert kernel[v, u] == pytest.approx(1.0, abs=1e-5)
        assert kernel.dtype == np.float32 and kernel.min() >= 0 and kernel.max() <= 1


def test_sample_is_the_upsampled_image_between_pixels_too():
    features, grid = random_grid(1, (48, 64, 8), 5)
    dense = upsample(features, 8, (48, 64))
    np.testing.assert_allclose(grid.sample(17, 9), dense[9, 17], atol=1e-6)
    np.testing.assert_allclose(grid.sample(17.5, 9), (dense[9, 17] + dense[9, 18]) / 2, atol=1e-6)
    np.testing.assert_allclose(grid.sample(8 * 2 + 3.5, 8 * 4 + 3.5), features[4, 2], atol=1e-7)


def test_many_queries_at_once_are_the_single_ones():
    _, grid = random_grid(2, (48, 64, 8), 16)
    descriptors = np.stack([grid.sample(u, 20) for u in (3, 30, 60)])
    found = grid.kernels(descriptors, 0.2)
    assert found.shape == (3, 48, 64)
    for kernel, descriptor in zip(found, descriptors, strict=True):
        np.testing.assert_allclose(kernel, grid.kernel(descriptor, 0.2), atol=1e-6)
    assert grid.kernels(np.empty((0, 16)), 0.2).shape == (0, 48, 64)


def test_half_precision_from_the_wire_is_accepted():
    features, _ = random_grid(4, (48, 64, 8), 16)
    grid = DescriptorGrid.from_array(features.astype(np.float16), 8.0, (48, 64))
    assert grid.features.dtype == np.float32 and grid.dimension == 16


@pytest.mark.parametrize(
    ("features", "stride", "size"),
    [
        (np.zeros((6, 8)), 8, (48, 64)),
        (np.zeros((6, 8, 4)), 8, (64, 48)),
        (np.zeros((6, 8, 4)), 0, (48, 64)),
        (np.zeros((6, 8, 4)), 16, (48, 64)),
        (np.full((6, 8, 4), np.nan), 8, (48, 64)),
        (np.zeros((0, 8, 4)), 8, (0, 64)),
    ],
)
def test_grids_that_fit_no_image_are_refused(features, stride, size):
    with pytest.raises(MatchingError, match="expected"):
        DescriptorGrid.from_array(features, stride, size)


def test_queries_that_fit_no_grid_are_refused():
    _, grid = random_grid(0, (48, 64, 8), 4)
    for bad in (np.zeros(5), np.zeros((1, 4)), np.full(4, np.nan)):
        with pytest.raises(MatchingError, match="expected"):
            grid.kernel(bad, 0.0)
    with pytest.raises(MatchingError, match="expected"):
        grid.kernels(np.zeros(4), 0.0)
    for u, v in ((-1, 0), (64, 0), (0, 48), (float("nan"), 0)):
        with pytest.raises(MatchingError, match="outside"):
            grid.sample(u, v)
