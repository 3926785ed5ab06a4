"""All points of an image that a descriptor is compared with, without a D x H x W tensor.

Bilinear upsampling is linear, so the products of a query with the upsampled features are the upsampled products with
the cells: Q x H x W numbers whatever D. The squared length of an upsampled descriptor, which a cosine or a distance
needs too, follows from the products of the four cells around the pixel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from dense_grasp_train.losses.nt_xent import cell_centres, sample_features


class NegativeCandidates(ABC):
    """P points of each of the images.

    positions: (B, P, 2) pixels (u, v). squared_lengths: (B, P) of their descriptors. The methods take descriptors
    (b, Q, D) that are looked for in the b images of a slice, and give (b, Q, P).
    """

    positions: Tensor
    squared_lengths: Tensor

    @abstractmethod
    def products(self, queries: Tensor, images: slice) -> Tensor:
        """Scalar products of every query with every point."""

    def cosines(self, queries: Tensor, images: slice) -> Tensor:
        """Cosines of every query with every point."""
        lengths = queries.square().sum(-1)[..., None] * self.squared_lengths[images][:, None]
        return self.products(queries, images) / lengths.clamp_min(1e-16).sqrt()

    def squared_distances(self, queries: Tensor, images: slice) -> Tensor:
        """Squared distances of every query to every point."""
        lengths = queries.square().sum(-1)[..., None] + self.squared_lengths[images][:, None]
        return (lengths - 2.0 * self.products(queries, images)).clamp_min(0.0)


class PixelCandidates(NegativeCandidates):
    """Every pixel of the upsampled image."""

    def __init__(self, features: Tensor, size: tuple[int, int], stride: int) -> None:
        """Features (B, D, h, w); size (H, W), at most h * stride by w * stride."""
        self._features, self._size, self._stride = features, size, stride
        pixels = cell_centres(size[0], size[1], 1, features.device).reshape(-1, 2)
        self.positions = pixels.expand(len(features), -1, -1)
        self.squared_lengths = upsampled_squared_lengths(features, size, stride).flatten(1)

    def products(self, queries: Tensor, images: slice) -> Tensor:
        """See NegativeCandidates."""
        cells = torch.einsum("bqd,bdhw->bqhw", queries, self._features[images])
        full = functional.interpolate(cells, scale_factor=self._stride, mode="bilinear", align_corners=False)
        return full[..., : self._size[0], : self._size[1]].flatten(2)


class CellCandidates(NegativeCandidates):
    """The centre of every cell and one random point within: P = 2 h w.

    Centres alone would be learnt to differ from whatever lies between them, and every match lies between them.
    """

    def __init__(self, features: Tensor, stride: int, jitter: torch.Generator) -> None:
        """Features (B, D, h, w)."""
        count, _, rows, columns = features.shape
        centres = cell_centres(rows, columns, stride, features.device).reshape(-1, 2).expand(count, -1, -1)
        offsets = torch.rand(centres.shape, generator=jitter).to(features.device) - 0.5
        between = centres + stride * offsets
        self.positions = torch.cat([centres, between], 1)
        self._points = torch.cat([features.flatten(2).transpose(1, 2), sample_features(features, between, stride)], 1)
        self.squared_lengths = self._points.square().sum(-1)

    def products(self, queries: Tensor, images: slice) -> Tensor:
        """See NegativeCandidates."""
        return queries @ self._points[images].transpose(1, 2)


def make_candidates(
    grid: str, features: Tensor, size: tuple[int, int], stride: int, jitter: torch.Generator
) -> NegativeCandidates:
    """The candidates of the grid "cells" or "pixels" for features (B, D, h, w) of images of ``size`` (H, W)."""
    if grid == "pixels":
        return PixelCandidates(features, size, stride)
    return CellCandidates(features, stride, jitter)


def upsampled_squared_lengths(features: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """Squared lengths (B, H, W) of features (B, D, h, w) after bilinear upsampling, exact.

    |u|^2 = upsampled |f|^2 - sum over pairs i < j of the four corners of w_i w_j |f_i - f_j|^2.
    """
    rows, columns = features.shape[-2:]
    v, below = _cell_before(size[0], rows, stride, features)
    u, right = _cell_before(size[1], columns, stride, features)
    weight = {
        (0, 0): (1 - below)[:, None] * (1 - right),
        (0, 1): (1 - below)[:, None] * right,
        (1, 0): below[:, None] * (1 - right),
        (1, 1): below[:, None] * right,
    }
    # Cell quads, at the last row and column with themselves: all inner products are taken on the cells.
    down = torch.cat([features[:, :, 1:], features[:, :, -1:]], 2)
    across = torch.cat([features[..., 1:], features[..., -1:]], 3)
    diagonal = torch.cat([down[..., 1:], down[..., -1:]], 3)
    corner = {(0, 0): features, (0, 1): across, (1, 0): down, (1, 1): diagonal}
    keys = list(corner)
    result = torch.zeros(len(features), *size, device=features.device, dtype=features.dtype)
    for index, first in enumerate(keys):
        length = corner[first].square().sum(1)
        result = result + weight[first] * length[:, v][:, :, u]
        for second in keys[index + 1 :]:
            apart = (corner[first] - corner[second]).square().sum(1)
            result = result - weight[first] * weight[second] * apart[:, v][:, :, u]
    return result.clamp_min(0.0)


def _cell_before(length: int, cells: int, stride: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """For every pixel of a row the cell before it and the weight of the one after (0..1)."""
    place = ((torch.arange(length, device=like.device) + 0.5) / stride - 0.5).clamp_min(0.0)
    first = place.floor().long().clamp_max(cells - 1)
    return first, (place - first).to(like.dtype)
