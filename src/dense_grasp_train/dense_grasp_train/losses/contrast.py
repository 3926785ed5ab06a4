"""Matches of a batch and what they are compared with: what the terms on descriptors are computed of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from dense_grasp_core.descriptors.network import normalise_features
from torch import Tensor

from dense_grasp_train.losses.nt_xent import cell_centres, paired_similarity, sample_features, similarity
from dense_grasp_train.losses.scales import Scales

if TYPE_CHECKING:
    from dense_grasp_train.losses.options import LossOptions

_BACKGROUND_SHARE = 0.02
_NEGATIVE_CELLS = 800


@dataclass(frozen=True)
class OneWay:
    """Queries of one image of each pair, looked for in the other.

    query: (B, M, D). features: (B, D, h, w) and pixels: (B, M, 2), the other image's grid and the matches in it.
    positive: (B, M) similarity of every query to its match. own, others: (B, M, C) those to points of the other image
    and to backgrounds of other pairs; -inf where a point is to be left out.
    """

    query: Tensor
    features: Tensor
    pixels: Tensor
    positive: Tensor
    own: Tensor
    others: Tensor


@dataclass(frozen=True)
class Contrast:
    """ways: from A to B and from B to A. weight: (B, M) of every match, 0 for padding.

    has_foreign: whether every pair has a background of another to be told from.
    """

    ways: tuple[OneWay, OneWay]
    weight: Tensor
    has_foreign: bool


def contrast_of(
    features: Tensor, batch: dict[str, Tensor], options: LossOptions, scales: Scales, jitter: torch.Generator
) -> Contrast:
    """The comparisons of features (2B, D, h, w) of interleaved images (A0, B0, A1, ...).

    Negatives are cells of the other image, at most ``_NEGATIVE_CELLS`` at random, and one random point within each.
    Cells alone would be learnt to differ from whatever lies between cells, and every match lies between cells.
    """
    features = normalise_features(features.float()) if scales.normalise else features.float()
    count, _, rows, columns = features.shape
    centres = cell_centres(rows, columns, scales.stride, features.device).reshape(-1, 2)
    chosen = torch.randperm(len(centres), generator=jitter)[:_NEGATIVE_CELLS].to(features.device)
    offsets = torch.rand(count, len(chosen), 2, generator=jitter).to(features.device) - 0.5
    positions = torch.cat([centres[chosen].expand(count, -1, -1), centres[chosen] + scales.stride * offsets], 1)
    between = sample_features(features, positions[:, len(chosen) :], scales.stride)
    points = torch.cat([features.flatten(2)[..., chosen].transpose(1, 2), between], 1)
    pixels = batch["pixels"].flatten(0, 1)
    sampled = sample_features(features, pixels, scales.stride)
    background = (batch["mask"].flatten(0, 1).flatten(1)[:, chosen] < _BACKGROUND_SHARE).repeat(1, 2)
    pool = points[background]
    owner = torch.arange(count, device=features.device)[:, None].expand_as(background)[background] // 2
    if len(pool) > options.foreign_points:
        kept = torch.randperm(len(pool), generator=jitter)[: options.foreign_points].to(features.device)
        pool, owner = pool[kept], owner[kept]
    foreign = owner[None] != torch.arange(count // 2, device=features.device)[:, None]

    def way(first: int, second: int) -> OneWay:
        query, match = sampled[first::2], sampled[second::2]
        near = torch.cdist(pixels[second::2], positions[second::2]) <= options.exclusion_cells * scales.stride
        own = similarity(query, points[second::2]).masked_fill(near, float("-inf"))
        others = similarity(query, pool).masked_fill(~foreign[:, None], float("-inf"))
        positive = paired_similarity(query, match)
        return OneWay(query, features[second::2], pixels[second::2], positive, own, others)

    return Contrast((way(0, 1), way(1, 0)), batch["weight"], bool(foreign.any(1).all()))
