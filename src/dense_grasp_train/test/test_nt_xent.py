"""The contrastive loss against hand-made similarities and against the tiled form it replaces."""

from __future__ import annotations

import math

import pytest
import torch
from dense_grasp_train.losses import nt_xent
from torch.nn import functional


def test_similarity_of_unit_vectors_is_the_cosine_and_shrinks_with_distance():
    query = torch.tensor([[[1.0, 0.0]]])
    keys = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.5, 0.0]])
    assert nt_xent.similarity(query, keys)[0, 0].tolist() == pytest.approx([1.0, 0.0, -1.0, 0.875])
    assert nt_xent.paired_similarity(query, keys[None, 3:]).item() == pytest.approx(0.875)


def test_known_value():
    value = nt_xent.nt_xent(torch.tensor([[1.0]]), torch.tensor([[[0.0, -1.0]]]), 0.5)
    expected = math.log(math.exp(2.0) + math.exp(0.0) + math.exp(-2.0)) - 2.0
    assert value.item() == pytest.approx(expected, abs=1e-6)


def test_excluded_cells_and_padding_do_not_count():
    positive = torch.tensor([[0.5, 0.1]])
    negatives = torch.tensor([[[-math.inf, 0.2], [0.9, 0.9]]])
    value = nt_xent.nt_xent(positive, negatives, 0.1, torch.tensor([[1.0, 0.0]]))
    assert value.item() == pytest.approx(math.log(1 + math.exp(-3.0)), abs=1e-6)


def test_equals_the_tiled_form():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 6, 4, 5, generator=generator)
    query, positive = torch.randn(2, 1, 3, 6, generator=generator)
    tiled = functional.cosine_similarity(query[0, :, :, None, None], features, dim=1).flatten(1) / 0.2
    own = functional.cosine_similarity(query[0], positive[0])[:, None] / 0.2
    expected = functional.cross_entropy(torch.cat([own, tiled], 1), torch.zeros(3, dtype=torch.long))
    cells = functional.normalize(features.flatten(2).transpose(1, 2), dim=-1)
    query, positive = functional.normalize(query, dim=-1), functional.normalize(positive, dim=-1)
    value = nt_xent.nt_xent(nt_xent.paired_similarity(query, positive), nt_xent.similarity(query, cells), 0.2)
    assert value.item() == pytest.approx(expected.item(), abs=1e-6)


def test_gradient_pulls_the_positive_and_pushes_the_negative():
    positive = torch.tensor([[0.3]], requires_grad=True)
    negatives = torch.tensor([[[0.3]]], requires_grad=True)
    nt_xent.nt_xent(positive, negatives, 0.5).backward()
    assert positive.grad.item() < 0 < negatives.grad.item()


def test_sampling_agrees_with_bilinear_upsampling():
    features = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    full = functional.interpolate(features, scale_factor=8, mode="bilinear", align_corners=False)
    pixels = torch.tensor([[[0.0, 0.0], [13.0, 9.0], [39.0, 31.0]]])
    sampled = nt_xent.sample_features(features, pixels, 8)
    for row, (u, v) in enumerate(pixels[0].long().tolist()):
        assert torch.allclose(sampled[0, row], full[0, :, v, u], atol=1e-5)


def test_cell_centres_are_pixel_centres_of_the_cells():
    centres = nt_xent.cell_centres(2, 3, 8)
    assert centres.shape == (2, 3, 2)
    assert centres[1, 2].tolist() == [19.5, 11.5]


def test_found_loss_wants_matches_above_and_impostors_below():
    high, low = torch.tensor([0.9]), torch.tensor([0.1])
    good = nt_xent.found_loss(high, low, 0.5, 20.0)
    bad = nt_xent.found_loss(low, high, 0.5, 20.0)
    assert good < 0.01 and bad.item() == pytest.approx(0.8, abs=0.01)
