"""The method of the shipped network: the paper's keypoints with pixelwise NT-Xent as auxiliary loss."""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.objective import contrastive_terms
from dense_grasp_train.methods.keypoints import KeypointMethod
from dense_grasp_train.training.config import LossOptions
from dense_grasp_train.training.unused_settings import CONTRASTIVE_TERMS

_SETTINGS = (
    "temperature",
    "exclusion_cells",
    "localisation_temperature",
    "localisation_sigma",
    "found_cosine",
    "found_sharpness",
    "foreign_points",
)


class Hybrid(KeypointMethod):
    """Keypoints, NT-Xent on the cells, and a term that pins similarities to one scale for found / not found."""

    reads = KeypointMethod.reads | {f"losses.{name}" for name in (*CONTRASTIVE_TERMS, *_SETTINGS)}

    def _more_terms(
        self, output: NetworkOutput, batch: dict[str, Tensor], options: LossOptions, noise: torch.Generator
    ) -> dict[str, Tensor]:
        if all(getattr(options, name) <= 0 for name in CONTRASTIVE_TERMS):
            return {}
        return contrastive_terms(output.features, batch, options, self.scales, noise)
