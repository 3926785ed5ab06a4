"""From the heads' maps to keypoints: expected pixel and depth (Eq. 2-4)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from dense_grasp_train.losses.nt_xent import cell_centres


class ExpectedKeypoints(NamedTuple):
    """Expected keypoints of B images.

    probability: (B, N, r, c) softmax over all positions. grid: (r, c, 2) pixel of each position.
    pixels: (B, N, 2) expected (u, v). depth: (B, N) expected depth in the head's unit.
    """

    probability: Tensor
    grid: Tensor
    pixels: Tensor
    depth: Tensor


def expect(spatial_logits: Tensor, depth: Tensor, stride: int, upsample: bool) -> ExpectedKeypoints:
    """Spatial softmax and expectation of (B, N, h, w) maps.

    upsample: first bilinear to full resolution (g_E of Eq. 4, the paper); else on the cells, which gives nearly the
    same expectation for a map that is smooth over a cell at 1/stride^2 of the cost.
    """
    if upsample:
        spatial_logits, depth = (
            functional.interpolate(maps, scale_factor=stride, mode="bilinear", align_corners=False)
            for maps in (spatial_logits, depth)
        )
        stride = 1
    rows, columns = spatial_logits.shape[-2:]
    probability = spatial_logits.float().flatten(2).softmax(-1).unflatten(-1, (rows, columns))
    grid = cell_centres(rows, columns, stride, spatial_logits.device)
    # As matrix products: nothing of the maps' size is kept for the backward pass but the maps themselves.
    pixels = torch.einsum("bnhw,hwk->bnk", probability, grid)
    return ExpectedKeypoints(probability, grid, pixels, torch.einsum("bnhw,bnhw->bn", probability, depth.float()))
