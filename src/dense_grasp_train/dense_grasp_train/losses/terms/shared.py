"""Settings that several terms read, and conditions that several share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dense_grasp_train.losses.term import Setting
from dense_grasp_train.training.ranges import ANY, POSITIVE

if TYPE_CHECKING:
    from dense_grasp_train.training.config import TrainConfig

ONE_OBJECT = "pairs of one object (pairs.augmented or pairs.view above 0)"
SEVERAL_PAIRS = "a batch of two or more pairs"


def one_object(config: TrainConfig) -> bool:
    """Whether any pair shows one object twice, so that there is a motion between its images."""
    return config.pairs.augmented + config.pairs.view > 0


def several_pairs(config: TrainConfig) -> bool:
    """Whether a batch holds a pair beside each."""
    return config.batch > 1


#: Softmax and expectation at full resolution (the paper) or on the cells.
UPSAMPLE = Setting("upsample", False)
#: Metres that count as 1 where points are compared.
UNIT_M = Setting("unit_m", 1.0, POSITIVE)
#: Metres of a depth output of 1.
DEPTH_SCALE_M = Setting("depth_scale_m", 1.0, POSITIVE)
#: Where a Huber loss turns from square to linear, in units.
HUBER_DELTA = Setting("huber_delta", 1.0, POSITIVE)
#: Keypoints as points in space.
METRES = (UPSAMPLE, UNIT_M, DEPTH_SCALE_M)
#: At most so many points of the other pairs' backgrounds are negatives.
FOREIGN_POINTS = Setting("foreign_points", 2048, ANY, SEVERAL_PAIRS, several_pairs)
