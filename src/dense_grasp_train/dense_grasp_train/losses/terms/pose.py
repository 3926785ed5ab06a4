"""Eq. 7: the motion that the keypoints give is the true one."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import relative_pose_loss
from dense_grasp_train.losses.options import LossOptions
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm, Setting
from dense_grasp_train.losses.terms.shared import METRES, ONE_OBJECT, one_object
from dense_grasp_train.training.ranges import ANY

#: The weight grows linearly to its value over these steps.
RAMP_STEPS = Setting("pose_ramp_steps", 0, ANY)
#: Standard deviation, metres, of what keeps the decomposition's singular values apart.
NOISE_M = Setting("pose_noise_m", 1e-3, ANY)


def _value(inputs: StepInputs) -> Tensor | None:
    rigid = inputs.keypoints.rigid
    return None if rigid is None else relative_pose_loss(rigid.b_from_a, rigid.predicted)


def _share_at(options: LossOptions, step: int) -> float:
    return min(1.0, step / options.pose_ramp_steps) if options.pose_ramp_steps > 0 else 1.0


POSE = LossTerm(
    "pose", KEYPOINTS, _value, 1.0, (*METRES, RAMP_STEPS, NOISE_M), ONE_OBJECT, one_object, share_at=_share_at
)
