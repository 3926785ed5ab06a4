"""Methods: every loss against values known by hand, the interface, and a step of each."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import views_of_caps
from dense_grasp_core.descriptors.network import NetworkConfigError, upsample_features
from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.losses.scales import Scales
from dense_grasp_train.methods import METHODS, create_method
from dense_grasp_train.methods.candidates import CellCandidates, PixelCandidates, upsampled_squared_lengths
from dense_grasp_train.methods.contrastive import draw_non_matches, match_loss, non_match_loss
from dense_grasp_train.methods.correspondence import match_health
from dense_grasp_train.methods.distribution import distribution_loss, gaussian_target
from dense_grasp_train.methods.eigenmaps import cell_targets, regression_loss
from dense_grasp_train.methods.nt_xent import nt_xent_loss
from dense_grasp_train.methods.nt_xent_tiled import tile, tiled_cosines, tiled_nt_xent
from dense_grasp_train.training.config import ConfigError, load_config, presets
from dense_grasp_train.training.lightning_module import DescriptorTraining, StepSampler, loader

TINY = {
    "steps": 2,
    "batch": 2,
    "precision": "32",
    "network": {"backbone": "resnet18_layer3", "stride": 8, "dimension": 6, "keypoints": 4},
    "pairs": {"crop": [96, 96], "input_scale": 0.5, "matches": 32},
}
BASELINES = [name for name in METHODS if name not in ("keypoints", "hybrid")]
ALL = slice(None)
ONE = torch.ones(1, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch_of(config) -> tuple[dict[str, torch.Tensor], DescriptorTraining]:
    torch.manual_seed(0)
    module = DescriptorTraining(config)
    dataset = module.method.dataset(list(views_of_caps.cap_views()))
    return next(iter(loader(dataset, config, 0))), module


# NT-Xent


def test_nt_xent_is_the_cross_entropy_against_both_images():
    value = nt_xent_loss(torch.tensor([[1.0]]), torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[-1.0, 0.5]]]), 0.5, ONE)
    denominator = sum(math.exp(cosine / 0.5) for cosine in (1.0, 1.0, 0.0, -1.0, 0.5))
    assert value.item() == pytest.approx(math.log(denominator) - 2.0, abs=1e-6)


def test_nt_xent_leaves_out_excluded_points_and_padding():
    positive = torch.tensor([[0.5, 0.1]])
    other = torch.tensor([[[0.9, 0.2], [0.9, 0.9]]])
    own = torch.full((1, 2, 2), 0.7)
    value = nt_xent_loss(
        positive,
        other,
        own,
        0.1,
        torch.tensor([[1.0, 0.0]]),
        torch.tensor([[[True, False], [False, False]]]),
        torch.ones(1, 1, 2, dtype=torch.bool),
    )
    assert value.item() == pytest.approx(math.log(math.exp(5.0) + math.exp(2.0)) - 5.0, abs=1e-5)


def test_tiled_cosines_are_cosines():
    image = torch.tensor([[[3.0, 0.0]], [[4.0, -2.0]]])
    cosines = tiled_cosines(tile(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), 1, 2), image)
    assert cosines.flatten().tolist() == pytest.approx([0.8, -1.0, 0.6, 0.0], abs=1e-6)


def test_matrix_product_and_released_form_agree_in_value_and_gradient():
    """The two methods as a whole, on a batch with padded matches: the same loss, the same gradient of the features."""
    results = []
    for name in ("don_nt_xent", "don_nt_xent_tiled"):
        released = {"grid": "pixels", "temperature": 0.2, "exclusion_cells": 0.0}
        same = {**TINY, "network": {**TINY["network"], "normalise": False}, "baseline": released}
        config = load_config(name, same)
        method = create_method(config)
        features = torch.randn(4, 6, 4, 5, generator=generator()).requires_grad_()
        pixels = torch.randint(0, 31, (2, 2, 7, 2), generator=generator(1)).float()
        batch = {
            "pixels": pixels,
            "weight": torch.tensor([[1.0] * 7, [1.0] * 5 + [0.0] * 2]),
            "image": torch.zeros(2, 2, 3, 32, 37, dtype=torch.uint8),
            "centroid": torch.zeros(2, 2, 2),
        }
        output = type("Output", (), {"features": features})
        total = _mean_by_pair(method, output, batch)
        total.backward()
        results.append((total.item(), features.grad))
    assert results[0][0] == pytest.approx(results[1][0], abs=1e-5)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-6)


def _mean_by_pair(method, output, batch) -> torch.Tensor:
    totals = []
    for pair in range(2):
        part = {key: value[pair : pair + 1] for key, value in batch.items()}
        both = type("Output", (), {"features": output.features[2 * pair : 2 * pair + 2]})
        totals.append(method.objective(both, part, 0, generator()).total)
    return torch.stack(totals).mean()


def test_released_form_counts_the_match_twice_and_skips_match_pixels_of_its_own_image():
    image_a = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    image_b = torch.tensor([[[1.0, -1.0]], [[0.0, 0.0]]])
    pixels = torch.tensor([[0.0, 0.0]])
    value = tiled_nt_xent(image_a, image_b, pixels, pixels, 1.0, torch.ones(1))
    expected = math.log(math.e + (math.e + math.exp(-1.0)) + 1.0) - 1.0
    assert value.item() == pytest.approx(expected, abs=1e-5)


# Candidates


@pytest.mark.parametrize("size, stride", [((32, 40), 8), ((29, 35), 8), ((6, 4), 2)])
def test_pixels_are_those_of_the_upsampled_image(size, stride):
    features = torch.randn(2, 5, -(-size[0] // stride), -(-size[1] // stride), generator=generator())
    full = upsample_features(features, size, stride)
    candidates = PixelCandidates(features, size, stride)
    queries = torch.randn(2, 3, 5, generator=generator(1))
    products = torch.einsum("bqd,bdhw->bqhw", queries, full).flatten(2)
    assert torch.allclose(candidates.products(queries, ALL), products, atol=1e-4)
    assert torch.allclose(candidates.squared_lengths, full.square().sum(1).flatten(1), atol=1e-4)
    distances = (queries[:, :, :, None, None] - full[:, None]).square().sum(2).flatten(2)
    assert torch.allclose(candidates.squared_distances(queries, ALL), distances, atol=1e-3)
    assert candidates.positions[1, size[1] + 2].tolist() == [2.0, 1.0]


def test_upsampled_length_of_opposite_cells_vanishes_between_them():
    features = torch.tensor([[[[1.0, -1.0]]]])
    lengths = upsampled_squared_lengths(features, (2, 4), 2)
    assert lengths[0, 0].tolist() == pytest.approx([1.0, 0.25, 0.25, 1.0])


def test_cells_are_centres_and_one_point_within_each():
    features = torch.randn(1, 4, 2, 3, generator=generator())
    candidates = CellCandidates(features, 8, generator(2))
    assert candidates.positions.shape == (1, 12, 2)
    centres, between = candidates.positions[0, :6], candidates.positions[0, 6:]
    assert centres[4].tolist() == [11.5, 11.5]
    assert ((between - centres).abs() <= 4.0).all() and (between != centres).any()
    own = candidates.products(features[0, :, 1, 1][None, None], ALL)[0, 0, 4]
    assert own.item() == pytest.approx(features[0, :, 1, 1].square().sum().item(), rel=1e-4)


# Contrastive


def test_match_loss_is_the_mean_squared_distance_without_padding():
    first, second = torch.zeros(1, 3, 2), torch.tensor([[[3.0, 4.0], [1.0, 0.0], [9.0, 9.0]]])
    assert match_loss(first, second, torch.tensor([[1.0, 1.0, 0.0]])).item() == pytest.approx(13.0)


def test_non_match_loss_is_a_squared_hinge_over_the_hard_ones():
    query = torch.zeros(1, 1, 1)
    others = torch.tensor([[[[0.1], [0.3], [0.7], [0.2]]]])
    valid = torch.tensor([[[True, True, True, False]]])
    hard = 0.4**2 + 0.2**2
    assert non_match_loss(query, others, 0.5, valid).item() == pytest.approx(hard / 2, rel=1e-5)
    assert non_match_loss(query, others, 0.5, valid, by_hard=False).item() == pytest.approx(hard / 3, rel=1e-5)
    assert non_match_loss(query, others + 1.0, 0.5, valid).item() == 0.0


def test_non_matches_come_from_the_cells_asked_for():
    wanted = torch.zeros(2, 2, 3, dtype=torch.bool)
    wanted[0, 1, 1] = True
    pixels, present = draw_non_matches(wanted, 5, 7, 8, generator())
    assert pixels.shape == (2, 7, 5, 2) and present.flatten().tolist() == [True, False]
    assert ((pixels[0] >= 7.5) & (pixels[0] <= 15.5)).all()


# Distribution


def test_distribution_loss_is_the_divergence():
    log_target = torch.log(torch.tensor([[[0.75, 0.25]]]))
    distances = torch.tensor([[[0.0, 2.0 * math.log(2.0)]]])
    value = distribution_loss(distances, log_target, 2.0, ONE)
    expected = 0.75 * math.log(0.75 / (2 / 3)) + 0.25 * math.log(0.25 / (1 / 3))
    assert value.item() == pytest.approx(expected, abs=1e-6)
    assert distribution_loss(-2.0 * log_target, log_target, 2.0, ONE).item() == pytest.approx(0.0, abs=1e-6)


def test_target_is_a_gaussian_about_the_match():
    positions = torch.tensor([[[0.0, 0.0], [3.0, 4.0]]])
    target = gaussian_target(positions, torch.tensor([[[0.0, 0.0]]]), 5.0)
    assert (target[0, 0, 0] - target[0, 0, 1]).item() == pytest.approx(0.5, abs=1e-4)
    assert target.exp().sum().item() == pytest.approx(1.0)


# Eigenmaps


def test_regression_loss_counts_the_object_only():
    features = torch.tensor([[[[1.0, 5.0]], [[2.0, 5.0]]]])
    value = regression_loss(features, torch.zeros_like(features), torch.tensor([[[1.0, 0.0]]]))
    assert value.item() == pytest.approx(5.0)


def test_targets_are_where_the_object_is():
    place = np.full((1, 2, 4), np.nan)
    place[0, 1] = 2.0
    embedding = type("Embedding", (), {"dimension": 3, "__call__": lambda self, p: np.tile(p[:, :1], 3)})()
    target, valid = cell_targets(place, embedding)
    assert valid.tolist() == [[0.0, 1.0]]
    assert target[:, 0, 1].tolist() == [2.0, 2.0, 2.0] and not target[:, 0, 0].any()


# Interface


def test_unknown_method_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=r"method is 'magic', expected one of keypoints, hybrid, don_nt_xent, "):
        create_method(load_config("tuned", {"method": "magic"}))


@pytest.mark.parametrize(
    "preset, change, message",
    [
        ("tuned", {"losses": {"nt_xent": 2.0}}, r"losses.nt_xent is 2.0, which method keypoints does not read"),
        ("don_nt_xent_tiled", {"baseline": {"grid": "cells"}}, r"baseline.grid is 'cells'"),
        ("laplacian_eigenmaps", {"network": {"normalise": True}}, r"network.normalise is true"),
        ("don_contrastive", {"baseline": {"grid": "rows"}}, r"baseline.grid is 'rows', expected one of cells, pixels"),
    ],
)
def test_options_that_a_method_cannot_use_are_named(preset, change, message):
    with pytest.raises(ConfigError, match=message):
        create_method(load_config(preset, change))


def test_every_method_has_a_preset():
    assert {load_config(preset).method for preset in presets()} == set(METHODS)


@pytest.mark.parametrize("name", BASELINES)
def test_a_few_steps_on_one_batch_lower_the_loss(name):
    config = load_config(name, TINY)
    batch, module = batch_of(config)
    method, network = module.method, module.network
    heads = [p.clone() for p in (*network.spatial_head.parameters(), *network.depth_head.parameters())]
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 3e-3)
    totals = []
    for _ in range(12):
        objective = method.run(network, batch, 0, generator())
        assert set(objective.losses) == set(objective.weights)
        optimiser.zero_grad()
        objective.total.backward()
        optimiser.step()
        totals.append(objective.total.item())
    assert totals[-1] < 0.9 * totals[0], totals
    assert {"match_error_px", "centre_only_error_px", "descriptor_spread"} <= set(objective.health)
    after = [*network.spatial_head.parameters(), *network.depth_head.parameters()]
    assert all(torch.equal(old, new) for old, new in zip(heads, after))


def test_health_tells_a_collapsed_network_from_a_perfect_one():
    scales = Scales(8, 1.0, False)
    centres = torch.tensor([[3.5, 3.5], [19.5, 11.5]])
    batch = {
        "pixels": centres[None, None].expand(1, 2, 2, 2),
        "weight": torch.ones(1, 2),
        "centroid": torch.full((1, 2, 2), 3.5),
    }
    image = torch.eye(6).reshape(1, 6, 2, 3)
    perfect = match_health(torch.cat([image, image]), batch, scales)
    assert perfect["match_error_px"] == 0.0 and perfect["descriptor_spread"] == pytest.approx(math.sqrt(0.5))
    flat = match_health(torch.ones(2, 6, 2, 3), batch, scales)
    assert flat["descriptor_spread"] == pytest.approx(0.0, abs=1e-6)


def test_processes_share_every_step():
    alone = list(StepSampler(4, 3, 1))
    shared = [list(StepSampler(4, 3, 1, 2).pairs_of(rank)) for rank in (0, 1)]
    assert alone == list(range(4, 12))
    assert shared == [[4, 5, 8, 9], [6, 7, 10, 11]]
    with pytest.raises(ConfigError, match="batch is 3 with 2 processes, expected a multiple of 2"):
        StepSampler(3, 3, 0, 2)


def test_the_default_data_set_is_the_plain_one():
    assert type(create_method(load_config("hybrid", TINY)).dataset(list(views_of_caps.cap_views()))) is PairDataset


def test_a_backbone_that_does_not_exist_is_named():
    with pytest.raises(NetworkConfigError, match="'vgg', expected one of"):
        DescriptorTraining(load_config("don_contrastive", {"network": {"backbone": "vgg"}}))
