"""What the methods that learn from correspondences share: sampled matches, exclusions and health figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from dense_grasp_core.descriptors.network import normalise_features
from torch import Tensor

from dense_grasp_train.losses.nt_xent import cell_centres, sample_features
from dense_grasp_train.losses.scales import Scales
from dense_grasp_train.methods.candidates import NegativeCandidates


class Matches(NamedTuple):
    """Q matches of B pairs in the direction query → match.

    query, match: (B, Q, D) descriptors. query_pixels, match_pixels: (B, Q, 2). weight: (B, Q), 0 for padding.
    own, other: which of the interleaved images hold queries and matches, as slices of 2B images.
    """

    query: Tensor
    match: Tensor
    query_pixels: Tensor
    match_pixels: Tensor
    weight: Tensor
    own: slice
    other: slice


def scaled(features: Tensor, scales: Scales) -> Tensor:
    """Features (2B, D, h, w) as they will be queried: of length 1 in every cell where the network is so shipped."""
    return normalise_features(features) if scales.normalise else features


def both_directions(features: Tensor, batch: dict[str, Tensor], stride: int) -> Iterator[Matches]:
    """Matches of A in B, then of B in A, for features (2B, D, h, w) of interleaved images."""
    pixels = batch["pixels"].flatten(0, 1)
    sampled = sample_features(features, pixels, stride)
    a, b = slice(0, None, 2), slice(1, None, 2)
    for own, other in ((a, b), (b, a)):
        yield Matches(sampled[own], sampled[other], pixels[own], pixels[other], batch["weight"], own, other)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean of (B, Q) values by (B, Q) weights; 0 where all weights are 0."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-12)


def near(pixels: Tensor, candidates: NegativeCandidates, images: slice, radius: float) -> Tensor:
    """(B, Q, P) bool: the candidate lies within ``radius`` px of the query's pixel (B, Q, 2)."""
    return torch.cdist(pixels, candidates.positions[images]) <= radius


@torch.no_grad()
def match_health(features: Tensor, batch: dict[str, Tensor], scales: Scales) -> dict[str, float]:
    """Does it learn? Figures of (2B, D, h, w) features, camera pixels.

    match_error_px: median distance from the nearest descriptor among the other image's cells to the true match.
    centre_only_error_px: the same for a predictor that answers the object's centre. descriptor_spread: root mean
    squared distance of the matches' descriptors from their mean, by the root mean squared length; 0 when collapsed.
    """
    rows, columns = features.shape[-2:]
    centres = cell_centres(rows, columns, scales.stride, features.device).reshape(-1, 2)
    forward = next(both_directions(features, batch, scales.stride))
    cells = features[forward.other].flatten(2).transpose(1, 2)
    found = centres[torch.cdist(forward.query, cells).argmin(-1)]
    real = forward.weight > 0
    error = (found - forward.match_pixels).norm(dim=-1)[real].median()
    centre = batch["centroid"][:, 1][:, None]
    centre_error = (centre - forward.match_pixels).norm(dim=-1)[real].median()
    sampled = forward.query[real]
    spread = (sampled - sampled.mean(0)).square().sum(-1).mean() / sampled.square().sum(-1).mean().clamp_min(1e-12)
    return {
        "match_error_px": float(error) / scales.input_scale,
        "centre_only_error_px": float(centre_error) / scales.input_scale,
        "descriptor_spread": float(spread.sqrt()),
    }
