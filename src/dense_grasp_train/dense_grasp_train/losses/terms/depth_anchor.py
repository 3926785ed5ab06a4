"""The depth head agrees with the sensor where a keypoint is expected."""

from __future__ import annotations

import torch
from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import depth_anchor_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm
from dense_grasp_train.losses.terms.shared import HUBER_DELTA, METRES


def _value(inputs: StepInputs) -> Tensor:
    maps, unit = inputs.keypoints, inputs.options.unit_m
    measured = maps.measured_depth
    valid = torch.isfinite(measured)
    return depth_anchor_loss(maps.depth / unit, measured / unit, valid, inputs.options.huber_delta)


DEPTH_ANCHOR = LossTerm("depth_anchor", KEYPOINTS, _value, 0.0, (*METRES, HUBER_DELTA))
