"""Whether a run may go on from a checkpoint: only with the data, the settings and the processes that it began with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from dense_grasp_core.wording import some_of

from dense_grasp_train.data.views import View
from dense_grasp_train.training.config import ConfigError, TrainConfig
from dense_grasp_train.training.typed_values import plain

RECORD = "run"  # key of the record in a checkpoint
_NAMED = 3  # differences that a sentence names
_DIGEST_BYTES = 16


def run_record(views: list[View], processes: int, base: str = "") -> dict[str, Any]:
    """What a checkpoint keeps of its run beside the configuration: the number of processes, the model_id of the network
    that it started from, and of the data the views and a digest of each object's. Folders and file names do not count,
    so a data set may move."""
    digests: dict[int, Any] = {}
    for view in views:
        digest = digests.setdefault(int(view.instance), hashlib.blake2b(digest_size=_DIGEST_BYTES))
        for part in (view.rgb, view.mask, view.depth, view.place, view.part, view.origin):
            digest.update(memoryview(part.copy(order="C")).cast("B"))
        for matrix in (view.camera_matrix, view.camera_from_object):
            digest.update(matrix.astype(float).tobytes())
        digest.update(b"rendered" * int(view.rendered))  # nothing for one that was taken: as before there were any
    objects = {number: digest.hexdigest() for number, digest in digests.items()}
    return {"processes": processes, "views": len(views), "objects": objects, "base": base}


def step_of(checkpoint: Path | None) -> int:
    """Optimiser steps behind a checkpoint, 0 without one."""
    if checkpoint is None:
        return 0
    return int(torch.load(checkpoint, map_location="cpu", weights_only=False)["global_step"])


def check_resume(path: Path, config: TrainConfig, record: dict[str, Any]) -> None:
    """Refuse to go on from the checkpoint ``path`` with another configuration, other data or other processes.

    Free are ``checkpoint_every`` and, where the learning rate does not follow from them, ``steps``.

    Raises:
        ConfigError: the checkpoint cannot be read or belongs to another run; the sentence names what differs.
    """
    if not path.is_file():
        raise ConfigError(f"checkpoint {path} does not exist, expected the last.ckpt of an earlier run")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=False)
        before = _flat(checkpoint["hyper_parameters"]["config"])
    except Exception as error:
        raise ConfigError(f"checkpoint {path} cannot be read: {error}") from error
    now = _flat(config.as_dict())
    advice = (
        f"resume with the settings in {path.parent / 'config.yaml'}, or give a new run a folder of its own with --run"
    )
    free = {"checkpoint_every"} | ({"steps"} if _may_be_longer(config) else set())
    differing = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in free]
    if differing:
        changes = some_of((f"{key} {before.get(key)!r}, now {now.get(key)!r}" for key in differing), _NAMED)
        raise ConfigError(f"checkpoint {path} was trained with {changes}: {advice}")
    done = int(checkpoint.get("global_step", 0))
    if config.steps < done:
        raise ConfigError(f"steps is {config.steps}, expected at least the {done} that checkpoint {path} has behind it")
    _check_record(path, checkpoint.get(RECORD), record)


def _check_record(path: Path, before: dict[str, Any] | None, now: dict[str, Any]) -> None:
    if before is None:
        raise ConfigError(
            f"checkpoint {path} does not say on which data it was trained, expected one of this version: begin anew, "
            "in a folder of its own with --run"
        )
    old, new = before["objects"], now["objects"]
    if (before["views"], old) != (now["views"], new):
        kinds = (
            ("missing now", [str(number) for number in old if number not in new]),
            ("new", [str(number) for number in new if number not in old]),
            ("with other views", [str(number) for number in old if new.get(number, old[number]) != old[number]]),
        )
        what = "; ".join(f"{kind}: object {some_of(map(str, numbers), _NAMED)}" for kind, numbers in kinds if numbers)
        raise ConfigError(
            f"checkpoint {path} was trained on other data: {before['views']} views of {len(old)} objects, now "
            f"{now['views']} of {len(new)} ({what}). Resume with the same --data, --held-out and --no-calibration, or "
            "give a new run a folder of its own with --run"
        )
    if before.get("base", "") != now["base"]:
        raise ConfigError(
            f"checkpoint {path} was trained on the base with model id {before.get('base') or 'none'}, now "
            f"{now['base'] or 'none'}: resume with the same file, or give a new run a folder of its own with --run"
        )
    if before["processes"] != now["processes"]:
        raise ConfigError(
            f"checkpoint {path} was trained by {before['processes']} processes, now {now['processes']}: they draw "
            "other random numbers. Resume with the same --devices and --nodes"
        )


def _may_be_longer(config: TrainConfig) -> bool:
    """Whether the learning rate up to a step is the same for any number of steps."""
    optimiser = config.optimiser
    return optimiser.schedule == "step" or (optimiser.cosine_steps > 0 and not config.phases)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = plain(value)
    return flat
