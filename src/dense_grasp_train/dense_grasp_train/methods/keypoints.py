"""The paper's method: descriptors mined from a network that learns keypoints (presets ``paper`` and ``tuned``)."""

from __future__ import annotations

from typing import ClassVar

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.keypoint_maps import health
from dense_grasp_train.losses.objective import weighted_terms
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS
from dense_grasp_train.methods.base import Method, Objective


class KeypointMethod(Method):
    """Silhouette, variance, separation, multi-view consistency and relative pose; no correspondences are needed."""

    trains_heads = True
    terms: ClassVar[tuple[str, ...]] = (KEYPOINTS,)
    reads = frozenset({"pairs.motion", "pairs.motion_matches", "pairs.residual_limit"})

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        options = self.config.losses_at(step)
        inputs = StepInputs(output, batch, options, self.scales, noise)
        figures = health(inputs.keypoints, batch, options, self.scales)
        values, weights = weighted_terms(inputs, self.terms, step)
        return Objective(values, weights, figures)
