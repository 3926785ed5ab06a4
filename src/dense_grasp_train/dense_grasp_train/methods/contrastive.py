"""DON with the pixelwise contrastive loss (Florence, Manuelli and Tedrake 2018)."""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.nt_xent import cell_centres, sample_features
from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.correspondence import (
    Matches,
    both_directions,
    match_health,
    scaled,
    weighted_mean,
)
from dense_grasp_train.training.config import ConfigError, TrainConfig

_BACKGROUND_SHARE = 0.02
_OBJECT_SHARE = 0.5
LEAST_RADIUS = 0.5


def match_loss(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """Mean squared distance of matching descriptors (B, Q, D) by weights (B, Q)."""
    return weighted_mean((first - second).square().sum(-1), weight)


def non_match_loss(query: Tensor, others: Tensor, margin: float, valid: Tensor, by_hard: bool = True) -> Tensor:
    """Squared hinge max(0, margin - |q - o|)^2 of pairs that do not match.

    Args:
        query: (B, Q, D). others: (B, Q, K, D) K non-matches of each.
        margin: distance from which on a pair is far enough apart.
        valid: (B, Q, K) bool, False for pairs to leave out.
        by_hard: divide by the number of pairs within the margin (the authors' scaling by hard negatives), not of all.
    """
    distance = (query[:, :, None] - others).square().sum(-1).clamp_min(1e-12).sqrt()
    hinge = (margin - distance).clamp_min(0.0).square() * valid
    counted = (hinge > 0) if by_hard else valid
    return hinge.sum() / counted.sum().clamp_min(1)


def draw_non_matches(
    wanted: Tensor, count: int, queries: int, stride: int, noise: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Random points of the cells where ``wanted`` (B, r, c) holds.

    Returns pixels (B, queries, count, 2), and whether their image has such a cell at all, (B, 1, 1) bool.
    """
    rows, columns = wanted.shape[-2:]
    chances = wanted.flatten(1).float() + 1e-9
    cells = torch.multinomial(chances.cpu(), queries * count, replacement=True, generator=noise).to(wanted.device)
    centres = cell_centres(rows, columns, stride, wanted.device).reshape(-1, 2)
    offsets = torch.rand(*cells.shape, 2, generator=noise).to(wanted.device) - 0.5
    pixels = centres[cells] + stride * offsets
    return pixels.unflatten(1, (queries, count)), wanted.flatten(1).any(1)[:, None, None]


class Contrastive(Method):
    """Matches attract; non-matches on the object and on the background repel up to a margin, each kind on its own."""

    reads = frozenset({"baseline.margin", "baseline.non_matches", "baseline.scale_by_hard", "baseline.exclusion_cells"})

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        radius = config.baseline.exclusion_cells
        if 0 < radius < LEAST_RADIUS:
            raise ConfigError(
                f"baseline.exclusion_cells is {radius} with method {config.method}, expected {LEAST_RADIUS} or "
                f"more: nearer than that is the cell of the match itself (0 stands for {LEAST_RADIUS})"
            )

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        features = scaled(output.features, self.scales)
        losses = {name: features.new_zeros(()) for name in ("match", "masked_non_match", "background_non_match")}
        for matches in both_directions(features, batch, self.scales.stride):
            losses["match"] = losses["match"] + 0.5 * match_loss(matches.query, matches.match, matches.weight)
            share = batch["mask"].flatten(0, 1)[matches.other]
            for name, wanted in (
                ("masked_non_match", share > _OBJECT_SHARE),
                ("background_non_match", share < _BACKGROUND_SHARE),
            ):
                value = self._non_matches(features[matches.other], matches, wanted, noise)
                losses[name] = losses[name] + 0.5 * value
        health = match_health(features.detach(), batch, self.scales)
        return Objective(losses, dict.fromkeys(losses, 1.0), health)

    def _non_matches(self, features: Tensor, matches: Matches, wanted: Tensor, noise: torch.Generator) -> Tensor:
        options, stride = self.config.baseline, self.scales.stride
        count, queries = options.non_matches // 2, matches.query.shape[1]
        pixels, present = draw_non_matches(wanted, count, queries, stride, noise)
        others = sample_features(features, pixels.flatten(1, 2), stride).unflatten(1, (queries, count))
        apart = (pixels - matches.match_pixels[:, :, None]).norm(dim=-1) > max(
            options.exclusion_cells, LEAST_RADIUS
        ) * stride
        valid = apart & present & (matches.weight > 0)[..., None]
        return non_match_loss(matches.query, others, options.margin, valid, options.scale_by_hard)
