"""Pixelwise NT-Xent as a matrix product, the auxiliary loss of the method ``hybrid``.

Adrian et al. (2022) tile every query to H x W x D before the cosine; here the same logits come from one matrix
product on the coarse grid, so memory does not grow with D. Contrastive training on augmented image pairs is the
subject of a patent application of Bosch (US20230267724).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def sample_features(features: Tensor, pixels: Tensor, stride: float) -> Tensor:
    """Bilinear (B, M, D) features of (B, D, h, w) grids at (B, M, 2) pixels (u, v).

    Cell j covers the pixels around (j + 0.5) * stride - 0.5, as in bilinear upsampling without aligned corners.
    """
    height, width = features.shape[-2:]
    size = torch.tensor([width, height], device=pixels.device, dtype=pixels.dtype)
    normalised = (pixels + 0.5) / (0.5 * stride * size) - 1.0
    sampled = functional.grid_sample(
        features, normalised[:, None].to(features.dtype), mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled[:, :, 0].transpose(1, 2)


def cell_centres(height: int, width: int, stride: float, device: torch.device | None = None) -> Tensor:
    """Pixel (u, v) of every cell's centre, (height, width, 2)."""
    v = (torch.arange(height, device=device) + 0.5) * stride - 0.5
    u = (torch.arange(width, device=device) + 0.5) * stride - 0.5
    return torch.stack(torch.meshgrid(u, v, indexing="xy"), -1)


def similarity(query: Tensor, keys: Tensor) -> Tensor:
    """1 - |q - k|^2 / 2 of (B, M, D) queries and (C, D) or (B, C, D) keys, (B, M, C).

    For unit vectors this is the cosine. Eq. 8 sees distances, and between unit cells the bilinear descriptors are
    shorter than 1, so this is the number that decides a match; the kernel is exp(-2 (1 - similarity) / exp(2 t)).
    """
    # Two more components carry the lengths, so that one product gives all: passes over (B, M, C) are what costs time.
    one_q, one_k = torch.ones_like(query[..., :1]), torch.ones_like(keys[..., :1])
    half_q, half_k = 1.0 - 0.5 * query.square().sum(-1, keepdim=True), -0.5 * keys.square().sum(-1, keepdim=True)
    return torch.cat([query, half_q, one_q], -1) @ torch.cat([keys, one_k, half_k], -1).transpose(-1, -2)


def paired_similarity(query: Tensor, keys: Tensor) -> Tensor:
    """The same for row i of (..., M, D) queries with row i of keys, (..., M)."""
    return 1.0 - 0.5 * (query - keys).square().sum(-1)


def nt_xent(positive: Tensor, negatives: Tensor, temperature: float, weight: Tensor | None = None) -> Tensor:
    """Cross entropy of the positive among all negatives.

    Args:
        positive: (B, M) similarity of every query to its match.
        negatives: (B, M, C) similarities to cells that are no match; -inf where a cell is to be left out.
        temperature: divides the similarities.
        weight: (B, M) weight of every match, 0 for padding; default all 1.
    """
    own = positive / temperature
    loss = torch.logaddexp(torch.logsumexp(negatives / temperature, -1), own) - own
    if weight is None:
        return loss.mean()
    return (loss * weight).sum() / weight.sum().clamp_min(1.0)


def found_loss(positive: Tensor, impostor: Tensor, threshold: float, sharpness: float) -> Tensor:
    """Logistic loss that puts matches above ``threshold`` and the best impostor of another image below.

    NT-Xent orders similarities inside one image only; this pins them to one scale, so that a score tells whether the
    object is there at all. Both arguments are similarities of any shape.
    """
    accept = functional.softplus(-sharpness * (positive - threshold)).mean()
    reject = functional.softplus(sharpness * (impostor - threshold)).mean()
    return (accept + reject) / sharpness
