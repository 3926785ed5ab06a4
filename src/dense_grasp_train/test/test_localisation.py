"""The localisation term against a kernel that is known, and what its gradient does to one that is not."""

from __future__ import annotations

import pytest
import torch
from dense_grasp_train.losses.localisation import localisation_loss
from dense_grasp_train.losses.nt_xent import cell_centres, sample_features

STRIDE = 4
TEMPERATURE = 0.05
SIGMA = 0.25


def ramp(height: int = 9, width: int = 9) -> torch.Tensor:
    """(1, 2, h, w) grid whose descriptors are the cells' places, so that similarity falls with distance squared.

    Scaled such that the kernel exp(similarity / temperature) is the Gaussian of SIGMA cells.
    """
    cells = cell_centres(height, width, 1.0)
    return (cells * TEMPERATURE**0.5 / SIGMA).permute(2, 0, 1)[None].contiguous()


def loss(features: torch.Tensor, at: torch.Tensor, truth: torch.Tensor, **options) -> torch.Tensor:
    """Of the descriptors found at ``at`` when they belong at ``truth``."""
    query = sample_features(features, at, STRIDE)
    jitter = torch.Generator().manual_seed(0)
    return localisation_loss(query, features, truth, STRIDE, TEMPERATURE, SIGMA, jitter=jitter, **options)


def test_the_wanted_kernel_costs_nothing_and_a_shifted_one_its_distance():
    features, truth = ramp(), torch.tensor([[[14.3, 17.9], [20.0, 15.5]]])
    assert loss(features, truth, truth).item() == pytest.approx(0.0, abs=1e-5)
    near, far = (loss(features, truth + torch.tensor([shift, 0.0]), truth).item() for shift in (0.5, 1.0))
    # two Gaussians of SIGMA cells, a shift apart: the divergence is shift^2 / (2 sigma^2), here of the cells' 4 px
    assert near == pytest.approx((0.5 / STRIDE / SIGMA) ** 2 / 2, rel=0.05)
    assert far == pytest.approx((1.0 / STRIDE / SIGMA) ** 2 / 2, rel=0.05)


def test_descent_moves_the_peak_to_the_truth():
    features = ramp()
    truth = torch.tensor([[[17.0, 17.0]]])
    query = sample_features(features, truth + torch.tensor([2.0, -1.0]), STRIDE).requires_grad_()
    jitter = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam([query], 0.02)
    for _ in range(150):
        optimiser.zero_grad()
        localisation_loss(query, features, truth, STRIDE, TEMPERATURE, SIGMA, jitter=jitter).backward()
        optimiser.step()
    torch.testing.assert_close(query, sample_features(features, truth, STRIDE), atol=0.03, rtol=0.0)


def test_places_beyond_the_image_and_padding_do_not_count():
    features = ramp()
    corner = torch.tensor([[[0.5, 0.5]]])
    assert torch.isfinite(loss(features, corner, corner))
    both = torch.tensor([[[17.0, 17.0], [9.0, 9.0]]])
    wrong = both + torch.tensor([[[0.0, 0.0], [3.0, 0.0]]])
    assert loss(features, wrong, both, weight=torch.tensor([[1.0, 0.0]])).item() == pytest.approx(0.0, abs=1e-5)
    assert loss(features, wrong, both).item() > 0.1
    nothing = loss(features, wrong, both, weight=torch.zeros(1, 2))
    assert nothing.item() == 0.0
