"""Keypoints lie on the object."""

from __future__ import annotations

from torch import Tensor

from dense_grasp_train.losses.keypoint_losses import silhouette_loss
from dense_grasp_train.losses.step_inputs import StepInputs
from dense_grasp_train.losses.term import KEYPOINTS, LossTerm
from dense_grasp_train.losses.terms.shared import UPSAMPLE


def _value(inputs: StepInputs) -> Tensor:
    maps = inputs.keypoints
    return silhouette_loss(maps.expected.probability, maps.mask)


SILHOUETTE = LossTerm("silhouette", KEYPOINTS, _value, 1.0, (UPSAMPLE,))
