import numpy as np
import pytest
from dense_grasp_core.matching.descriptor_grid import MatchingError
from dense_grasp_core.matching.peaks import find, highest, soft_argmax


def blobs(*centres, shape=(120, 160), sigma=6.0):
    v, u = np.mgrid[: shape[0], : shape[1]]
    kernel = np.zeros(shape)
    for cu, cv, height in centres:
        kernel = np.maximum(kernel, height * np.exp(-((u - cu) ** 2 + (v - cv) ** 2) / (2 * sigma**2)))
    return kernel.astype(np.float32)


def test_peak_and_its_rival():
    peak = find(blobs((30, 40, 0.9), (120, 80, 0.72)), suppression_px=20)
    assert peak is not None
    assert (peak.u, peak.v, peak.second_u, peak.second_v) == (30, 40, 120, 80)
    assert peak.score == pytest.approx(0.9) and peak.second_peak_ratio == pytest.approx(0.8)


def test_slope_of_a_wide_peak_is_no_rival():
    peak = find(blobs((80, 60, 1.0), sigma=100.0), suppression_px=10)
    assert peak is not None and peak.second_peak_ratio == 0.0 and np.isnan(peak.second_u)


def test_rival_within_the_suppression_radius_does_not_count():
    kernel = blobs((80, 60, 1.0), (95, 60, 0.95), sigma=3.0)
    near, far = find(kernel, suppression_px=10), find(kernel, suppression_px=20)
    assert near is not None and near.second_peak_ratio == pytest.approx(0.95)
    assert far is not None and far.second_peak_ratio < 0.1


def test_mask_restricts_both_peaks():
    kernel = blobs((30, 40, 0.9), (120, 80, 0.7))
    mask = np.zeros(kernel.shape, bool)
    mask[:, 70:] = True
    peak = find(kernel, mask, 20)
    assert peak is not None and (peak.u, peak.v) == (120, 80)
    assert find(kernel, np.zeros_like(mask)) is None


@pytest.mark.parametrize(("u", "v"), [(0, 0), (159, 119), (0, 119)])
def test_peak_in_a_corner(u, v):
    peak = find(blobs((u, v, 0.8)))
    assert peak is not None and (peak.u, peak.v) == (u, v)


def test_flat_and_empty_kernels():
    peak = find(np.zeros((10, 10), np.float32))
    assert peak is not None and peak.score == 0 and peak.second_peak_ratio == 0
    for bad in (np.zeros((3, 4, 5)), np.zeros((0, 4))):
        with pytest.raises(MatchingError, match="expected"):
            find(bad)
    with pytest.raises(MatchingError, match="expected"):
        find(np.zeros((4, 4)), np.ones((4, 5), bool))


@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.3])
def test_soft_argmax_is_sub_pixel(offset):
    kernel = blobs((80 + offset, 60 - offset, 1.0), sigma=3.0)
    u, v = soft_argmax(kernel, 80, 60, window=9)
    assert u == pytest.approx(80 + offset, abs=0.05) and v == pytest.approx(60 - offset, abs=0.05)


def test_soft_argmax_is_not_pulled_inwards_at_the_border():
    kernel = blobs((2, 119, 1.0), sigma=5.0)
    u, v = soft_argmax(kernel, 2, 119, window=8)
    assert (u, v) == pytest.approx((2, 119))


def test_soft_argmax_of_flat_window_zero_window_and_outside():
    assert soft_argmax(np.ones((9, 9)), 4, 5, 3) == (4, 5)
    assert soft_argmax(blobs((20, 20, 1.0)), 20, 20, 0) == (20, 20)
    with pytest.raises(MatchingError, match="outside"):
        soft_argmax(np.ones((9, 9)), 9, 0, 3)


def test_the_highest_peaks_come_in_order_and_apart():
    kernel = np.zeros((60, 80), np.float32)
    for u, v, score in ((10, 10, 0.5), (14, 10, 0.4), (60, 40, 0.9), (30, 50, 0.04)):
        kernel[v, u] = score
    assert [peak[:2] for peak in highest(kernel, 5, suppression_px=10.0)] == [(60.0, 40.0), (10.0, 10.0)]
    assert [round(peak[2], 3) for peak in highest(kernel, 1)] == [0.9]
    assert highest(np.zeros((5, 5)), 3) == []
    with pytest.raises(MatchingError):
        highest(np.zeros(5), 3)
