"""DON with pixelwise NT-Xent (Adrian et al. 2022), its logits as a matrix product.

The same loss as in ``nt_xent_tiled`` on the grid "pixels"; on the grid "cells" with as many negatives as there are
cells, for training without a large GPU. Contrastive training on augmented image pairs is the subject of a patent
application of Bosch (US20230267724).
"""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.candidates import NegativeCandidates, make_candidates
from dense_grasp_train.methods.correspondence import (
    Matches,
    both_directions,
    match_health,
    near,
    scaled,
    weighted_mean,
)

HALF_PIXEL = 0.5


def nt_xent_loss(
    positive: Tensor,
    other: Tensor,
    own: Tensor,
    temperature: float,
    weight: Tensor,
    other_excluded: Tensor | None = None,
    own_excluded: Tensor | None = None,
) -> Tensor:
    """Cross entropy of each match against both images: mean of log(e^p + sum e^other + sum e^own) - p.

    As in the authors' release the denominator holds the positive and every pixel of the other image, the match among
    them; of the query's own image every pixel but those of matches.

    Args:
        positive: (B, Q) cosine of a query and its match.
        other, own: (B, Q, P) cosines with the points of the other and of the query's own image.
        temperature: divides the cosines.
        weight: (B, Q), 0 for padding.
        other_excluded, own_excluded: bool, broadcast to (B, Q, P): points to leave out.
    """
    logits = positive / temperature
    parts = [logits]
    for similarity, excluded in ((other, other_excluded), (own, own_excluded)):
        scores = similarity / temperature
        if excluded is not None:
            scores = scores.masked_fill(excluded, float("-inf"))
        parts.append(torch.logsumexp(scores, -1))
    return weighted_mean(torch.logsumexp(torch.stack(parts), 0) - logits, weight)


def exclusions(matches: Matches, candidates: NegativeCandidates, exclusion_px: float) -> tuple[Tensor | None, Tensor]:
    """Which points are no negatives: (in the other image, in the own image), bool, broadcast to (B, Q, P).

    With ``exclusion_px`` 0 as in the release: nothing there, here the very pixels of matches. Else everything within
    so many pixels of the match there, and of the query here.
    """
    if exclusion_px > 0:
        there = near(matches.match_pixels, candidates, matches.other, exclusion_px)
        return there, near(matches.query_pixels, candidates, matches.own, exclusion_px)
    real = torch.where(matches.weight[..., None] > 0, matches.query_pixels, torch.inf)
    return None, near(real, candidates, matches.own, HALF_PIXEL).any(1, keepdim=True)


class NTXent(Method):
    """NT-Xent in both directions."""

    reads = frozenset({"baseline.grid", "baseline.temperature", "baseline.exclusion_cells"})

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        options, stride = self.config.baseline, self.scales.stride
        features = scaled(output.features, self.scales)
        size = (batch["image"].shape[-2], batch["image"].shape[-1])
        candidates = make_candidates(options.grid, features, size, stride, noise)
        total = features.new_zeros(())
        for matches in both_directions(features, batch, stride):
            there, here = exclusions(matches, candidates, options.exclusion_cells * stride)
            total = total + 0.5 * nt_xent_loss(
                torch.cosine_similarity(matches.query, matches.match, -1),
                candidates.cosines(matches.query, matches.other),
                candidates.cosines(matches.query, matches.own),
                options.temperature,
                matches.weight,
                there,
                here,
            )
        return Objective({"nt_xent": total}, {"nt_xent": 1.0}, match_health(features.detach(), batch, self.scales))
