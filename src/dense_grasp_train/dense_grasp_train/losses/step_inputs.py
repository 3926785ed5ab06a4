"""All that a term may look at in one step; what several terms share is computed once, and only when one asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.contrast import Contrast, contrast_of
from dense_grasp_train.losses.keypoint_maps import KeypointMaps, keypoint_maps
from dense_grasp_train.losses.scales import Scales

if TYPE_CHECKING:
    from dense_grasp_train.losses.options import LossOptions


@dataclass(frozen=True)
class StepInputs:
    """Of 2B interleaved images (A0, B0, A1, ...).

    output: the network's maps, float32. batch: collated items of a ``PairDataset``. options: that hold at this step.
    noise: all random numbers of the step come from it, so a term that draws changes what later ones draw.
    """

    output: NetworkOutput
    batch: dict[str, Tensor]
    options: LossOptions
    scales: Scales
    noise: torch.Generator

    @cached_property
    def keypoints(self) -> KeypointMaps:
        """Keypoints in pixels and metres."""
        return keypoint_maps(self.output, self.batch, self.options, self.scales, self.noise)

    @cached_property
    def contrast(self) -> Contrast:
        """Matches, and what they are compared with."""
        return contrast_of(self.output.features, self.batch, self.options, self.scales, self.noise)
