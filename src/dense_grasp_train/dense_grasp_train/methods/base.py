"""The interface of a training method."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkOutput, normalise_features
from dense_grasp_core.descriptors.residual_head import ResidualEfficientNetLite0
from torch import Tensor

from dense_grasp_train.data.pair_pool import FROZEN
from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.data.views import View
from dense_grasp_train.losses.scales import Scales
from dense_grasp_train.losses.terms import keys_of
from dense_grasp_train.training.config import TrainConfig

_OFF_OBJECT = 0.02


@dataclass(frozen=True)
class Objective:
    """What a batch costs: named unweighted ``losses`` (scalars) with their ``weights``, and ``health`` figures."""

    losses: dict[str, Tensor]
    weights: dict[str, float]
    health: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """The weighted sum, a scalar."""
        return torch.stack([self.weights[name] * value.float() for name, value in self.losses.items()]).sum()


class Method(ABC):
    """Turns a network's output for a batch of pairs into an Objective.

    trains_heads: whether the keypoint heads take part; else they stay as they are and the optimiser does not see them.
    terms: the kinds of registered terms (``losses.terms``) that it sums, by their weights. reads: further keys of the
    configuration that not every method reads (``unused_settings.OF_METHODS``), and this one does.
    """

    trains_heads: ClassVar[bool] = False
    terms: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: TrainConfig) -> None:
        """Raises ConfigError for options that the method cannot use."""
        self.config = config
        self.scales = Scales(config.network.stride, config.pairs.input_scale, config.network.normalise)

    @classmethod
    def keys(cls) -> frozenset[str]:
        """All keys among ``unused_settings.OF_METHODS`` that it reads."""
        return cls.reads | keys_of(cls.terms)

    def dataset(self, views: list[View]) -> PairDataset:
        """The pairs of the whole run, with all that the method needs of them. Raises PairError."""
        return PairDataset(views, *self.dataset_arguments())

    def dataset_arguments(self) -> tuple[Any, ...]:
        """What a PairDataset takes after the views."""
        config = self.config
        return (
            config.pairs,
            config.seed,
            config.steps * config.batch,
            config.network.stride,
            lambda index: config.pairs_at(index // config.batch),
        )

    @abstractmethod
    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """Losses and health of 2B interleaved images (A0, B0, A1, ...).

        Args:
            output: maps of the 2B images, float32.
            batch: collated items of ``dataset``.
            step: number of the optimiser step.
            noise: all random numbers of the step come from it.
        """

    def prepare(self, network: DescriptorNetwork) -> None:
        """Leave what the method does not train out of the gradient."""
        for head in (network.spatial_head, network.depth_head):
            head.requires_grad_(self.trains_heads)

    def run(self, network: DescriptorNetwork, batch: dict[str, Tensor], step: int, noise: torch.Generator) -> Objective:
        """The network's forward pass on a batch and its objective; mixed precision covers the network alone.

        What a frozen base gives for the pictures is taken from the batch where it was kept (``pair_pool``).
        """
        backbone = network.backbone
        images = batch["image"].flatten(0, 1)
        if isinstance(backbone, ResidualEfficientNetLite0):
            kept = batch[FROZEN].flatten(0, 1).float() if FROZEN in batch else None
            frozen = backbone.frozen(images.float() / 255.0) if kept is None else kept
            output = network.outputs(network.features_of_frozen(frozen))
        else:
            frozen = None
            output = network(images.to(memory_format=torch.channels_last).float() / 255.0)
        with torch.autocast(images.device.type, enabled=False):
            output = NetworkOutput(*(maps.float() for maps in output))
            objective = self.objective(output, batch, step, noise)
            if frozen is None or self.config.keep <= 0:
                return objective
            kept_near = change_off_object(output.features, frozen.float(), batch["mask"].flatten(0, 1))
            return dataclasses.replace(
                objective,
                losses={**objective.losses, "keep": kept_near},
                weights={**objective.weights, "keep": self.config.keep},
            )


def change_off_object(features: Tensor, frozen: Tensor, mask: Tensor) -> Tensor:
    """Mean squared distance, a scalar, of features (B, D, h, w) from those of their frozen base, both of length 1.

    mask: (B, h, w) share of the object in each cell; cells of it do not count. A network that learns one object forgets
    the rest of the world more slowly with it, and learns less by heart (Li and Hoiem 2016, "Learning without
    forgetting", with features in place of class scores).
    """
    off = (mask < _OFF_OBJECT).float()
    change = (normalise_features(features) - normalise_features(frozen)).square().sum(1)
    return (change * off).sum() / off.sum().clamp_min(1.0)
