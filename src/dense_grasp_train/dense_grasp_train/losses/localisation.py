"""Where within a few pixels a match lies: the term that makes matches precise, where NT-Xent only makes them right.

NT-Xent leaves out what is nearer to the match than a cell, for a neighbouring cell is no wrong answer. Nothing then
says where in the cell the kernel of Eq. 8 is to be largest, and on a wall seen at a grazing angle one cell is
centimetres.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dense_grasp_train.losses.nt_xent import sample_features


def localisation_loss(
    query: Tensor,
    features: Tensor,
    pixels: Tensor,
    stride: float,
    temperature: float,
    sigma_cells: float = 0.25,
    reach_cells: float = 1.0,
    spacing_cells: float = 0.5,
    weight: Tensor | None = None,
    jitter: torch.Generator | None = None,
) -> Tensor:
    """Cross entropy between the kernel around a match and a narrow Gaussian at its true place.

    Args:
        query: (B, M, D) descriptors of the taught points.
        features: (B, D, h, w) grid of the other image.
        pixels: (B, M, 2) true places (u, v) of the queries in the other image, where the window is laid.
        temperature: divides the similarities.
        sigma_cells: standard deviation of the Gaussian; reach_cells: half width of the window; spacing_cells: between
            the points compared. The window is shifted at random by up to half a spacing, so that the truth has no
            preferred place among them.
        weight: (B, M) weight of every match, 0 for padding; default all 1.
    """
    count, matches, _ = pixels.shape
    steps = torch.arange(-round(reach_cells / spacing_cells), round(reach_cells / spacing_cells) + 1)
    window = torch.cartesian_prod(steps, steps).to(pixels) * spacing_cells
    shift = (torch.rand(count, matches, 1, 2, generator=jitter).to(pixels) - 0.5) * spacing_cells
    offsets = window + shift
    places = pixels[:, :, None] + stride * offsets
    sampled = sample_features(features, places.flatten(1, 2), stride).unflatten(1, places.shape[1:3])
    lengths = sampled.square().sum(-1) + query.square().sum(-1)[..., None]
    similarity = 1.0 + (sampled @ query[..., None])[..., 0] - 0.5 * lengths
    size = stride * torch.tensor([features.shape[-1], features.shape[-2]]).to(pixels)
    outside = ((places < -0.5) | (places > size - 0.5)).any(-1)
    target = (-0.5 * offsets.square().sum(-1) / sigma_cells**2).masked_fill(outside, float("-inf")).softmax(-1)
    found = (similarity / temperature).masked_fill(outside, -1e4).log_softmax(-1)
    divergence = functional.kl_div(found, target, reduction="none").sum(-1)
    if weight is None:
        return divergence.mean()
    return (divergence * weight).sum() / weight.sum().clamp_min(1.0)
