"""The training step as a Lightning module; what it logs is what `learning.md`-style health needs."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import lightning
import torch
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Sampler

from dense_grasp_train.data.pair_pool import PairPool
from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.methods import create_method
from dense_grasp_train.training.base_network import load_base
from dense_grasp_train.training.config import ConfigError, TrainConfig
from dense_grasp_train.training.processor_time import cpu_seconds
from dense_grasp_train.training.resume import RECORD

_RANK_SEED = 7_368_787


class DescriptorTraining(lightning.LightningModule):
    """Trains a DescriptorNetwork on pairs; the figures of every step depend on seed and step number alone."""

    def __init__(self, config: TrainConfig, record: dict[str, Any] | None = None) -> None:
        """``record``: what its checkpoints keep of the run, see ``resume.run_record``."""
        super().__init__()
        self.save_hyperparameters({"config": config.as_dict()})
        self.config, self.record = config, record
        self.method = create_method(config)
        options = config.network
        self.network = DescriptorNetwork(
            NetworkConfig(options.backbone, options.dimension, options.keypoints, options.stride)
        ).to(memory_format=torch.channels_last)
        if config.base:
            load_base(self.network, config.base)
        self.method.prepare(self.network)
        self.average = copy.deepcopy(self.network) if config.optimiser.average_decay > 0 else None
        if self.average is not None:
            self.average.requires_grad_(False)  # several processes would wait for its gradients
        self.wall_seconds, self.cpu_seconds = 0.0, 0.0
        self._started = (time.monotonic(), cpu_seconds())

    def on_train_start(self) -> None:
        """Start the clocks of this run."""
        self._started = (time.monotonic(), cpu_seconds())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the time spent, over all starts of the run, and what tells whether another start belongs to it."""
        checkpoint["wall_seconds"], checkpoint["cpu_seconds"] = self._spent()
        checkpoint[RECORD] = self.record

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting from there."""
        self.wall_seconds = float(checkpoint.get("wall_seconds", 0.0))
        self.cpu_seconds = float(checkpoint.get("cpu_seconds", 0.0))

    def on_train_end(self) -> None:
        """Stop the clocks."""
        self.wall_seconds, self.cpu_seconds = self._spent()

    def _spent(self) -> tuple[float, float]:
        wall, cpu = self._started
        return self.wall_seconds + time.monotonic() - wall, self.cpu_seconds + cpu_seconds() - cpu

    @property
    def trained(self) -> DescriptorNetwork:
        """The network to ship: the running average of the weights where one is kept."""
        return self.network if self.average is None else self.average

    def training_step(self, batch: dict[str, Tensor], _: int) -> Tensor:
        """Weighted sum of the objective's terms; logs each of them and the health figures.

        With several processes each takes its share of the step's pairs; the log is that of the first one.
        """
        seed = self.config.seed * 1_000_003 + self.global_step + _RANK_SEED * self.global_rank
        noise = torch.Generator().manual_seed(seed)
        objective = self.method.run(self.network, batch, self.global_step, noise)
        total = objective.total
        self.log("loss", total, prog_bar=True)
        self.log_dict({f"loss_{name}": value for name, value in objective.losses.items()})
        self.log_dict({f"health_{name}": value for name, value in objective.health.items()})
        return total

    def configure_optimizers(self) -> Any:
        """Adam (AdamW where weights decay) with the configured schedule, per optimiser step."""
        options = self.config.optimiser
        kind = torch.optim.AdamW if options.weight_decay > 0 else torch.optim.Adam
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        optimiser = kind(trained, options.learning_rate, (0.9, 0.999), weight_decay=options.weight_decay)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, partial(learning_rate, self.config))
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Step, then move the averaged weights and normalisation statistics: before any checkpoint is written."""
        super().optimizer_step(*arguments, **named)
        if self.average is None:
            return
        done = self.global_step + 1
        decay = min(self.config.optimiser.average_decay, (1 + done) / (10 + done))
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(now, 1.0 - decay)
            for statistic, latest in zip(self.average.buffers(), self.network.buffers(), strict=True):
                if statistic.is_floating_point():
                    statistic.lerp_(latest, 1.0 - decay)
                else:
                    statistic.copy_(latest)


def learning_rate(config: TrainConfig, step: int) -> float:
    """The rate of a step as a factor of ``optimiser.learning_rate``."""
    options = config.optimiser
    warm = min(1.0, (step + 1) / options.warmup_steps) if options.warmup_steps > 0 else 1.0
    if options.schedule == "step":
        return warm * options.gamma ** (step // options.step_size)
    phase = config.phase(step)
    if phase is None:
        return warm * _cosine(step / (options.cosine_steps or config.steps))
    return phase.rate * _cosine((step - phase.from_step) / (config.steps - phase.from_step))


def _cosine(progress: float) -> float:
    """From 1 to 0.01 as progress goes from 0 to 1."""
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class StepSampler(Sampler[int]):
    """Numbers the pairs by step, so that a resumed run sees what the uninterrupted one would have seen.

    The length is that of the whole run wherever it starts: Lightning counts the batches before the restart in. Of
    several processes each takes its part of every step, so that together they see what one would have seen.
    """

    def __init__(self, batch: int, steps: int, first_step: int, processes: int = 1) -> None:
        """``batch`` pairs a step over all processes. Raises ConfigError when they cannot be shared out evenly."""
        if batch % processes:
            raise ConfigError(f"batch is {batch} with {processes} processes, expected a multiple of {processes}")
        self.batch, self.steps, self.first_step, self.share = batch, steps, first_step, batch // processes

    def __len__(self) -> int:
        return self.share * self.steps

    def __iter__(self) -> Iterator[int]:
        rank = distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0
        return self.pairs_of(rank)

    def pairs_of(self, rank: int) -> Iterator[int]:
        """Numbers of the pairs of process ``rank``, in order."""
        for step in range(self.first_step, self.steps):
            first = step * self.batch + rank * self.share
            yield from range(first, first + self.share)


def loader(
    dataset: PairDataset | PairPool, config: TrainConfig, workers: int, first_step: int = 0, processes: int = 1
) -> DataLoader:
    """Batches of all steps from ``first_step`` on, as one epoch, for one of ``processes``."""
    sampler = StepSampler(config.batch, config.steps, first_step, processes)
    return DataLoader(dataset, batch_size=sampler.share, sampler=sampler, num_workers=workers, drop_last=True)
