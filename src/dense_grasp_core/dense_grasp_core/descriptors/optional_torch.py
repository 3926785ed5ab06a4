"""torch belongs to training: a robot runs a network's graph, and whoever needs torch there is told what adds it."""

from __future__ import annotations

import importlib

from dense_grasp_core.errors import DenseGraspError

TORCH_REMEDY = "`make setup-train` adds it"


class TorchMissingError(DenseGraspError):
    """Something that only torch computes was asked for where torch is not installed."""


def require_torch(purpose: str) -> None:
    """Import torch. Raises TorchMissingError, which begins with ``purpose``, where it cannot be imported."""
    try:
        importlib.import_module("torch")
    except ImportError as error:
        raise TorchMissingError(f"{purpose} needs torch, which cannot be imported ({error}): {TORCH_REMEDY}") from error
