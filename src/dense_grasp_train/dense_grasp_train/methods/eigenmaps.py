"""Towards optimal embeddings (Kupcsik et al. 2021): the network regresses Laplacian eigenmaps of the object's mesh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from numpy.typing import NDArray
from torch import Tensor

from dense_grasp_train.augment.compose import Composed, place_at
from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.data.views import View
from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.correspondence import match_health, scaled, weighted_mean
from dense_grasp_train.methods.spectrum import SurfaceEmbedding, cap_embedding
from dense_grasp_train.training.config import ConfigError, TrainConfig

_BACKGROUND_SHARE = 0.02


def regression_loss(features: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean squared distance of (B, D, h, w) features to targets by (B, h, w) weights."""
    return weighted_mean((features - target).square().sum(1), weight)


class EmbeddedPairs(PairDataset):
    """Pairs with the embedding of the surface point that each cell's centre shows.

    Adds to an item: target (2, D, r, c), 0 off the object; on_object (2, r, c), 1.0 where the centre shows the object.
    """

    def __init__(self, *arguments: Any, embedding: SurfaceEmbedding, **named: Any) -> None:
        """``embedding`` gives targets of places; the rest as PairDataset."""
        super().__init__(*arguments, **named)
        self.embedding = embedding

    def _pack(
        self,
        views: tuple[View, View],
        images: Sequence[Composed],
        pixels: tuple[NDArray, NDArray],
        matrices: Sequence[NDArray],
        motion: NDArray | None,
        rigid: bool,
    ) -> dict[str, Tensor]:
        item = super()._pack(views, images, pixels, matrices, motion, rigid)
        rows, columns = self._cells.shape[:2]
        flat = self._cells.reshape(-1, 2)
        place = [place_at(view, image, flat).reshape(rows, columns, 4) for view, image in zip(views, images)]
        targets, valid = zip(*(cell_targets(places, self.embedding) for places in place))
        item["target"] = torch.from_numpy(np.stack(targets))
        item["on_object"] = torch.from_numpy(np.stack(valid))
        return item


def cell_targets(place: NDArray, embedding: SurfaceEmbedding) -> tuple[NDArray, NDArray]:
    """Targets (D, r, c) and where they hold (r, c), of places (r, c, 4) with NaN off the object."""
    on_object = np.isfinite(place).all(-1)
    target = np.zeros((*on_object.shape, embedding.dimension), np.float32)
    if on_object.any():
        target[on_object] = embedding(place[on_object])
    return np.ascontiguousarray(target.transpose(2, 0, 1)), on_object.astype(np.float32)


class LaplacianEigenmaps(Method):
    """Regression on the object; the background is drawn to the origin, from which all of the object is far."""

    reads = frozenset({"baseline.background"})

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        if config.network.normalise:
            raise ConfigError(
                f"network.normalise is true with method {config.method}, expected false: its targets differ in length"
            )

    def dataset(self, views: list[View]) -> PairDataset:
        """See Method."""
        embedding = cap_embedding(self.config.network.dimension)
        return EmbeddedPairs(views, *self.dataset_arguments(), embedding=embedding)

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        features = scaled(output.features, self.scales)
        target, on_object = batch["target"].flatten(0, 1), batch["on_object"].flatten(0, 1)
        background = (batch["mask"].flatten(0, 1) < _BACKGROUND_SHARE).float()
        losses = {
            "regression": regression_loss(features, target, on_object),
            "background": regression_loss(features, torch.zeros_like(features), background),
        }
        weights = {"regression": 1.0, "background": self.config.baseline.background}
        return Objective(losses, weights, match_health(features.detach(), batch, self.scales))
