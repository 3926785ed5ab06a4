"""Eq. 6: keypoints of one view, moved by the true motion, are those of the other."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import consistency_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm
from dense_grasp_train.losses.terms.shared import HUBER_DELTA, METRES, ONE_OBJECT, one_object


def _value(inputs: StepInputs) -> Tensor | None:
    rigid = inputs.keypoints.rigid
    return None if rigid is None else consistency_loss(rigid.a, rigid.b, rigid.b_from_a, inputs.options.huber_delta)


CONSISTENCY = LossTerm("consistency", KEYPOINTS, _value, 1.0, (*METRES, HUBER_DELTA), ONE_OBJECT, one_object)
