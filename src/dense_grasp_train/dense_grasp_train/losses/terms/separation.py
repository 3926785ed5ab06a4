"""Keypoints lie apart."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import separation_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm, Setting
from dense_grasp_train.losses.terms.shared import UPSAMPLE
from dense_grasp_train.training.ranges import POSITIVE

#: Pixels of a 640-wide image.
MARGIN_PX = Setting("margin_px", 10.0, POSITIVE)
#: Divide by the margin squared.
RELATIVE = Setting("relative_separation", False)


def _value(inputs: StepInputs) -> Tensor:
    margin = inputs.options.margin_px * inputs.scales.input_scale
    value = separation_loss(inputs.keypoints.expected.pixels, margin)
    return value / margin**2 if inputs.options.relative_separation else value


SEPARATION = LossTerm("separation", KEYPOINTS, _value, 1.0, (UPSAMPLE, MARGIN_PX, RELATIVE))
