"""A keypoint's map has one narrow peak."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import variance_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm
from dense_grasp_train.losses.terms.shared import UPSAMPLE


def _value(inputs: StepInputs) -> Tensor:
    expected = inputs.keypoints.expected
    return variance_loss(expected.probability, expected.grid, expected.pixels)


VARIANCE = LossTerm("variance", KEYPOINTS, _value, 1e-3, (UPSAMPLE,))
