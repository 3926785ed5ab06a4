"""The method of the shipped network: the paper's keypoints with pixelwise NT-Xent as auxiliary loss."""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.objective import contrastive_terms
from dense_grasp_train.methods.keypoints import KeypointMethod
from dense_grasp_train.training.config import LossOptions, TrainConfig


class Hybrid(KeypointMethod):
    """Keypoints, NT-Xent on the cells, and a term that pins similarities to one scale for found / not found."""

    def _check(self, config: TrainConfig) -> None:
        """Any weights go."""

    def _more_terms(
        self, output: NetworkOutput, batch: dict[str, Tensor], options: LossOptions, noise: torch.Generator
    ) -> dict[str, Tensor]:
        if options.nt_xent <= 0 and options.found <= 0:
            return {}
        return contrastive_terms(output.features, batch, options, self.scales, noise)
