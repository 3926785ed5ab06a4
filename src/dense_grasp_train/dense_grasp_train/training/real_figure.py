"""The figure on real pictures while a network learns: does it carry over, or lose what it knew?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning
import numpy as np
import torch
from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline
from dense_grasp_core.descriptors.provenance import WITHIN_PX, Trial
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.scores import match_score
from numpy.typing import NDArray

from dense_grasp_train.evaluation.predictors import Predictor, descriptor_predictor
from dense_grasp_train.evaluation.real_pictures import Sets, fewer_points, overall, trials

TIMES = 10
_PAIRS, _POINTS = 4, 25


class RealFigure(lightning.Callback):
    """Measures before the first step and TIMES in the course of the run, on a few points of each set.

    It draws no random number and leaves the network as it was, so the curve of the run is the same without it. The
    figures go to ``say`` and to the run's logs. history: step and figure over all sets.
    """

    def __init__(self, sets: Sets, info: ModelInfo, steps: int, say: Callable[[str], None]) -> None:
        self._sets, self._info, self._say = fewer_points(sets, _PAIRS, _POINTS), info, say
        self._steps, self._every = steps, max(1, -(-steps // TIMES))
        self.history: list[tuple[int, Trial]] = []

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """The figure before the first step of this start."""
        self._measure(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any, **__: Any
    ) -> None:
        """The figure after every tenth of the run."""
        if trainer.global_step % self._every == 0 or trainer.global_step == self._steps:
            self._measure(trainer, pl_module)

    def _measure(self, trainer: lightning.Trainer, module: Any) -> None:
        if not trainer.is_global_zero:
            return
        found = trials(unsaved_predictor(module.trained, self._info), self._sets)
        mean = overall(found)
        self.history.append((trainer.global_step, mean))
        shares = ", ".join(f"{trial.on} {trial.found:.0%}" for trial in found) if len(found) > 1 else found[0].on
        self._say(
            f"step {trainer.global_step} of {self._steps}: {mean.found:.1%} within {WITHIN_PX} px on held-out real "
            f"pictures, n = {mean.points} ({shares})"
        )
        for logger in trainer.loggers:
            logger.log_metrics({"real_within_10_px": mean.found}, step=trainer.global_step)


def unsaved_predictor(network: DescriptorNetwork, info: ModelInfo) -> Predictor:
    """Descriptors of a network in memory, searched over the whole picture; its mode is left as it was."""
    pipeline = DescriptorPipeline(network, info)
    device = next(network.parameters()).device
    stride = network.stride / info.input_scale

    def describe(image: NDArray[np.uint8]) -> DescriptorGrid:
        modes = {module: module.training for module in network.modules()}
        network.eval()
        try:
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                found = pipeline(torch.from_numpy(image)[None].to(device))[0]
        finally:
            for module, mode in modes.items():
                module.training = mode
        return DescriptorGrid.from_array(found.float().cpu().numpy(), stride, image.shape[:2])

    return descriptor_predictor(describe, match_score(info.score))
