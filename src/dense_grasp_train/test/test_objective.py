"""The contrastive terms on features that match, and on the same with the wrong truth."""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from dense_grasp_train.losses.objective import weighted_terms
from dense_grasp_train.losses.options import LossOptions
from dense_grasp_train.losses.scales import Scales
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import DESCRIPTORS

STRIDE = 4
CELLS = 32  # more of them than are drawn as negatives
OPTIONS = LossOptions(nt_xent=1.0, found=1.0, localisation=1.0)


def features() -> torch.Tensor:
    """(4, 16, h, w): two pairs of identical images with a random descriptor in every cell."""
    pair = torch.randn(2, 16, CELLS, CELLS, generator=torch.Generator().manual_seed(0))
    return pair.repeat_interleave(2, 0)


def batch(shift_px: float = 0.0) -> dict[str, torch.Tensor]:
    """Matches at cell centres, in the second image ``shift_px`` beside the truth; the object is the right half."""
    cells = torch.randint(CELLS // 2, CELLS - 4, (2, 1, 20, 2), generator=torch.Generator().manual_seed(1))
    pixels = ((cells + 0.5) * STRIDE - 0.5).repeat(1, 2, 1, 1)
    pixels[:, 1, :, 0] += shift_px
    mask = torch.zeros(2, 2, CELLS, CELLS)
    mask[..., CELLS // 2 :] = 1.0
    return {"pixels": pixels, "weight": torch.ones(2, 20), "mask": mask}


def tensors(grid: torch.Tensor, wanted: dict[str, torch.Tensor], seed: int = 0) -> dict[str, torch.Tensor]:
    output = NetworkOutput(grid, grid, grid)
    jitter = torch.Generator().manual_seed(seed)
    inputs = StepInputs(output, wanted, OPTIONS, Scales(STRIDE, 0.5, True), jitter)
    return weighted_terms(inputs, (DESCRIPTORS,), 0)[0]


def terms(grid: torch.Tensor, wanted: dict[str, torch.Tensor], seed: int = 0) -> dict[str, float]:
    found = tensors(grid, wanted, seed)
    return {name: value.item() for name, value in found.items()}


def test_right_matches_cost_less_than_wrong_ones():
    right, wrong = terms(features(), batch()), terms(features(), batch(shift_px=2.0 * STRIDE))
    assert set(right) == {"nt_xent", "localisation", "found"}
    assert all(right[name] < wrong[name] for name in ("nt_xent", "localisation", "found"))


def test_what_is_drawn_follows_from_the_seed():
    assert terms(features(), batch()) == terms(features(), batch())
    assert terms(features(), batch(), seed=1) != terms(features(), batch())


def test_every_term_has_a_gradient():
    grid = features().requires_grad_()
    found = tensors(grid, batch(1.0))
    for value in found.values():
        (gradient,) = torch.autograd.grad(value, grid, retain_graph=True)
        assert torch.isfinite(gradient).all() and gradient.abs().sum() > 0
