"""The paper's method: descriptors mined from a network that learns keypoints (presets ``paper`` and ``tuned``)."""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from torch import Tensor

from dense_grasp_train.losses.objective import keypoint_terms
from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.training.config import LossOptions
from dense_grasp_train.training.unused_settings import KEYPOINT_TERMS

_SETTINGS = (
    "margin_px",
    "relative_separation",
    "unit_m",
    "depth_scale_m",
    "huber_delta",
    "upsample",
    "pose_ramp_steps",
    "pose_noise_m",
)


class KeypointMethod(Method):
    """Silhouette, variance, separation, multi-view consistency and relative pose; no correspondences are needed."""

    trains_heads = True
    reads = frozenset(
        [
            *("pairs.motion", "pairs.motion_matches", "pairs.residual_limit"),
            *(f"losses.{name}" for name in (*KEYPOINT_TERMS, *_SETTINGS)),
        ]
    )

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        options = self.config.losses_at(step)
        terms, health = keypoint_terms(output, batch, options, self.scales, noise)
        terms |= self._more_terms(output, batch, options, noise)
        used = {name: value for name, value in terms.items() if getattr(options, name) > 0}
        return Objective(used, {name: _weight(name, options, step) for name in used}, health)

    def _more_terms(
        self, output: NetworkOutput, batch: dict[str, Tensor], options: LossOptions, noise: torch.Generator
    ) -> dict[str, Tensor]:
        return {}


def _weight(name: str, options: LossOptions, step: int) -> float:
    weight = float(getattr(options, name))
    if name == "pose" and options.pose_ramp_steps > 0:
        weight *= min(1.0, step / options.pose_ramp_steps)
    return weight
