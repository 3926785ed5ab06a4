"""The kernel of Eq. 8 is largest at the match itself, within its cell."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.localisation import localisation_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import DESCRIPTORS, LossTerm, Setting
from dense_grasp_train.training.ranges import POSITIVE

#: Of the kernel.
TEMPERATURE = Setting("localisation_temperature", 0.05, POSITIVE)
#: Cells, of the Gaussian that the kernel is to be.
SIGMA = Setting("localisation_sigma", 0.25, POSITIVE)
_LOCALISED = 64  # matches of an image, at most


def _value(inputs: StepInputs) -> Tensor:
    contrast, options = inputs.contrast, inputs.options
    there, back = (
        localisation_loss(
            way.query[:, :_LOCALISED],
            way.features,
            way.pixels[:, :_LOCALISED],
            inputs.scales.stride,
            options.localisation_temperature,
            options.localisation_sigma,
            weight=contrast.weight[:, :_LOCALISED],
            jitter=inputs.noise,
        )
        for way in contrast.ways
    )
    return 0.5 * (there + back)


LOCALISATION = LossTerm("localisation", DESCRIPTORS, _value, 0.0, (TEMPERATURE, SIGMA))
