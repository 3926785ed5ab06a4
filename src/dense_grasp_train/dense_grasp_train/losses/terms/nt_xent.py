"""A match is more alike than any other point of the image, and than the backgrounds of other pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from dense_grasp_train.losses.nt_xent import nt_xent
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import DESCRIPTORS, LossTerm, Setting
from dense_grasp_train.losses.terms.shared import FOREIGN_POINTS
from dense_grasp_train.training.ranges import ANY, POSITIVE

#: Divides similarities.
TEMPERATURE = Setting("temperature", 0.1, POSITIVE)
#: Radius about the match within which nothing is a negative, cells.
EXCLUSION_CELLS = Setting("exclusion_cells", 1.0, ANY)


def _value(inputs: StepInputs) -> Tensor:
    contrast = inputs.contrast
    there, back = (
        nt_xent(way.positive, torch.cat([way.own, way.others], -1), inputs.options.temperature, contrast.weight)
        for way in contrast.ways
    )
    return 0.5 * (there + back)


NT_XENT = LossTerm("nt_xent", DESCRIPTORS, _value, 0.0, (FOREIGN_POINTS, TEMPERATURE, EXCLUSION_CELLS))
