"""DON with the pixelwise distribution loss (Florence 2020, thesis, chapter 4).

A query's distances to all points of the other image, through a softmax, are a heat map; it is to be a Gaussian about
the match. No non-matches are drawn and no margin is set, and a match that is off by a pixel costs little.
"""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.candidates import make_candidates
from dense_grasp_train.methods.correspondence import both_directions, match_health, scaled, weighted_mean


def gaussian_target(positions: Tensor, pixels: Tensor, sigma_px: float) -> Tensor:
    """Log probabilities (B, Q, P) of points (B, P, 2) under Gaussians about (B, Q, 2), normalised over the points."""
    squared = torch.cdist(pixels, positions).square()
    return torch.log_softmax(-squared / (2.0 * sigma_px**2), -1)


def distribution_loss(squared_distances: Tensor, log_target: Tensor, temperature: float, weight: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the heat map from its target, mean over matches.

    Args:
        squared_distances: (B, Q, P) between descriptors; the heat map is softmax(-squared_distances / temperature).
        log_target: (B, Q, P) log probabilities.
        weight: (B, Q), 0 for padding.
    """
    log_heatmap = torch.log_softmax(-squared_distances / temperature, -1)
    return weighted_mean((log_target.exp() * (log_target - log_heatmap)).sum(-1), weight)


class Distribution(Method):
    """The divergence in both directions."""

    reads = frozenset({"baseline.grid", "baseline.temperature", "baseline.sigma_px"})

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        options, stride = self.config.baseline, self.scales.stride
        features = scaled(output.features, self.scales)
        size = (batch["image"].shape[-2], batch["image"].shape[-1])
        candidates = make_candidates(options.grid, features, size, stride, noise)
        sigma = options.sigma_px * self.scales.input_scale
        total = features.new_zeros(())
        for matches in both_directions(features, batch, stride):
            target = gaussian_target(candidates.positions[matches.other], matches.match_pixels, sigma)
            distances = candidates.squared_distances(matches.query, matches.other)
            total = total + 0.5 * distribution_loss(distances, target, options.temperature, matches.weight)
        health = match_health(features.detach(), batch, self.scales)
        return Objective({"distribution": total}, {"distribution": 1.0}, health)
