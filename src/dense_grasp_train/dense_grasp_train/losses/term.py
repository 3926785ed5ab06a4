"""What a term of the objective declares: its name, what it computes, its weight and the settings that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dense_grasp_train.training.ranges import Range

if TYPE_CHECKING:
    from torch import Tensor

    from dense_grasp_train.losses.options import LossOptions
    from dense_grasp_train.losses.step_inputs import StepInputs
    from dense_grasp_train.training.config import TrainConfig

#: What a term learns: the keypoint heads, or the descriptors by themselves.
KEYPOINTS, DESCRIPTORS = "keypoints", "descriptors"


def always(_config: TrainConfig) -> bool:
    """A condition that every configuration fulfils."""
    return True


def whole_weight(_options: LossOptions, _step: int) -> float:
    """The share of its weight that a term has from the first step on."""
    return 1.0


@dataclass(frozen=True)
class Setting:
    """A value below ``losses`` in a configuration; terms that share one name the same object.

    default: its type is the setting's. allowed: its range, None for true and false. It acts where a term acts that
    reads it and ``acts`` holds; ``needs`` says the latter in words.
    """

    name: str
    default: Any
    allowed: Range | None = None
    needs: str = ""
    acts: Callable[[TrainConfig], bool] = always


@dataclass(frozen=True)
class LossTerm:
    """One loss, weighted by ``losses.<name>``.

    learns: KEYPOINTS or DESCRIPTORS; a method sums the terms of the kinds that it names. value: of a batch, the
    unweighted scalar; None where the batch says nothing about it. weight: the default. settings: those that it reads.
    acts: what beside a weight above 0 it needs to do something; ``needs`` says so in words. share_at: the share of the
    weight that holds at a step.
    """

    name: str
    learns: str
    value: Callable[[StepInputs], Tensor | None]
    weight: float = 0.0
    settings: tuple[Setting, ...] = ()
    needs: str = ""
    acts: Callable[[TrainConfig], bool] = always
    share_at: Callable[[LossOptions, int], float] = whole_weight

    def in_force(self, config: TrainConfig) -> bool:
        """Whether it has a weight, and what it needs."""
        return config.losses.weight(self.name) > 0 and self.acts(config)
