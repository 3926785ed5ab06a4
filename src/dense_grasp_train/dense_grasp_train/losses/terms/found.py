"""Matches are more alike than one number and impostors less, so that a score tells found from not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dense_grasp_train.losses.nt_xent import found_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import DESCRIPTORS, LossTerm, Setting
from dense_grasp_train.losses.terms.shared import FOREIGN_POINTS, SEVERAL_PAIRS, several_pairs
from dense_grasp_train.training.ranges import POSITIVE, Range

if TYPE_CHECKING:
    from dense_grasp_train.training.config import TrainConfig

#: The number.
COSINE = Setting("found_cosine", 0.6, Range(-1, 1))
SHARPNESS = Setting("found_sharpness", 15.0, POSITIVE)


def _value(inputs: StepInputs) -> Tensor | None:
    contrast, options = inputs.contrast, inputs.options
    if not contrast.has_foreign:
        return None
    real = contrast.weight > 0
    accepted = torch.cat([way.positive[real] for way in contrast.ways])
    rejected = torch.cat([way.others.amax(-1)[real] for way in contrast.ways])
    return found_loss(accepted, rejected, options.found_cosine, options.found_sharpness)


def _acts(config: TrainConfig) -> bool:
    return several_pairs(config) and config.losses.foreign_points > 0


FOUND = LossTerm(
    "found",
    DESCRIPTORS,
    _value,
    0.0,
    (FOREIGN_POINTS, COSINE, SHARPNESS),
    f"losses.foreign_points above 0 and {SEVERAL_PAIRS}",
    _acts,
)
