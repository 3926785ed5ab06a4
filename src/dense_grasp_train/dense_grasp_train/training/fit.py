"""The training itself: a configuration and views become a trained module, with logs and checkpoints on the way."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import yaml
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.descriptors.residual_head import ResidualEfficientNetLite0
from lightning.pytorch.utilities import rank_zero_only

from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.data.pair_pool import PairPool
from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.data.views import View
from dense_grasp_train.training.base_network import base_info
from dense_grasp_train.training.config import TrainConfig
from dense_grasp_train.training.interrupt import StopAtInterrupt
from dense_grasp_train.training.lightning_module import DescriptorTraining, loader
from dense_grasp_train.training.resume import check_resume, run_record, step_of
from dense_grasp_train.training.typed_values import plain


def fit(
    config: TrainConfig,
    views: list[View],
    run_dir: Path,
    resume: Path | None = None,
    workers: int = 1,
    until: int | None = None,
    progress: bool = True,
    devices: int = 1,
    nodes: int = 1,
    watchers: Iterable[Any] = (),
    say: Callable[[str], None] = lambda text: None,
) -> DescriptorTraining:
    """Train on views and return the module.

    Args:
        run_dir: gets ``config.yaml``, ``last.ckpt`` (every ``checkpoint_every`` steps) and, per start,
            ``logs/from_step_N/metrics.csv`` and ``tensorboard/from_step_N``.
        resume: checkpoint to go on from; the curve is the one of the uninterrupted run.
        workers: data processes, 0 for none.
        until: stop after this many steps in all, keeping the schedule of ``config.steps``.
        devices, nodes: GPUs (or, without any, CPU processes) of each machine, and machines. They share the batch out
            (Lightning's strategy "ddp"); normalisation statistics are those of a process's own share.
        watchers: further callbacks of Lightning.
        say: is told what is kept of a pool of pairs.

    Raises:
        ConfigError: the checkpoint belongs to another run (``resume.check_resume``), or the batch cannot be shared out.
    """
    import lightning
    from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    record = run_record(views, devices * nodes, base_info(config.base).model_id if config.base else "")
    if resume is not None:  # before the run's record of its configuration is written over
        check_resume(resume, config, record)
    run_dir.mkdir(parents=True, exist_ok=True)
    if first_process():
        write_whole(run_dir / "config.yaml", yaml.safe_dump(plain(config.as_dict()), sort_keys=False).encode())
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    module = DescriptorTraining(config, record)
    last = config.steps if until is None else min(until, config.steps)
    drawn = module.method.dataset(views)
    pairs: PairDataset | PairPool = drawn
    if config.pairs.pool:
        workers = 0  # what another process keeps would have to come over in each step
        backbone = module.network.backbone
        base = copy.deepcopy(backbone) if isinstance(backbone, ResidualEfficientNetLite0) else None
        pairs = PairPool(drawn, base, say)
    batches = loader(pairs, config, workers, step_of(resume), devices * nodes)
    interrupt = StopAtInterrupt()
    callbacks: list[Any] = [
        interrupt,
        *watchers,
        ModelCheckpoint(
            run_dir, filename="last", every_n_train_steps=config.checkpoint_every, enable_version_counter=False
        ),
    ]
    if progress:
        callbacks.append(TQDMProgressBar(refresh_rate=20))
    trainer = lightning.Trainer(
        accelerator="auto",
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        max_steps=last,
        precision="bf16-mixed" if config.precision == "bf16" and computes_in_bf16() else "32-true",
        gradient_clip_val=config.optimiser.gradient_clip or None,
        logger=[
            CSVLogger(run_dir, name="logs", version=_log_version(resume), flush_logs_every_n_steps=50),
            TensorBoardLogger(run_dir, name="tensorboard", version=_log_version(resume)),
        ],
        log_every_n_steps=min(10, config.checkpoint_every, config.steps),
        callbacks=callbacks,
        enable_progress_bar=progress,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")  # a frozen base is
        warnings.filterwarnings("ignore", message=".*dataloader is not resumable.*")
        warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists.*")
        try:
            with interrupt:
                trainer.fit(module, batches, ckpt_path=None if resume is None else str(resume))
        except SystemExit:  # what Lightning makes of a second Ctrl-C
            if not trainer.interrupted:
                raise
            raise KeyboardInterrupt from None
    if interrupt.asked:
        raise KeyboardInterrupt
    return module


def computes_in_bf16() -> bool:
    """Whether what trains here multiplies bfloat16 itself: any GPU, a processor with AVX512-BF16 or AMX.

    Another processor converts each number there and back: a step takes four times as long as in float32, and is less
    exact.
    """
    return torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def first_process() -> bool:
    """Whether this is the process that speaks and writes; with several, the others have a rank above 0."""
    return int(rank_zero_only.rank or 0) == 0  # type: ignore[attr-defined]


def shipped(module: DescriptorTraining) -> DescriptorNetwork:
    """The trained network in evaluation mode on the CPU, rounded as float16 as the file will hold it."""
    network = module.trained.cpu().eval()
    state = {k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    network.load_state_dict(state)
    return network


def _log_version(resume: Path | None) -> str:
    """A folder of its own for every start, for the logger empties the one it is given."""
    return f"from_step_{step_of(resume):06d}"
