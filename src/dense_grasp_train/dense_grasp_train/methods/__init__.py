"""Training methods behind one interface: what a batch of pairs costs a network, and how healthy it looks.

One file a method; ``create_method`` finds it by the configuration's ``method``. A preset of the same name, or several,
says with which numbers: ``presets/*.yaml``.
"""

from __future__ import annotations

from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.contrastive import Contrastive
from dense_grasp_train.methods.distribution import Distribution
from dense_grasp_train.methods.eigenmaps import LaplacianEigenmaps
from dense_grasp_train.methods.hybrid import Hybrid
from dense_grasp_train.methods.keypoints import KeypointMethod
from dense_grasp_train.methods.nt_xent import NTXent
from dense_grasp_train.methods.nt_xent_tiled import NTXentTiled
from dense_grasp_train.training.config import ConfigError, TrainConfig
from dense_grasp_train.training.unused_settings import refuse_unused

__all__ = ["METHODS", "Method", "Objective", "create_method"]

METHODS: dict[str, type[Method]] = {
    "keypoints": KeypointMethod,
    "hybrid": Hybrid,
    "don_nt_xent": NTXent,
    "don_nt_xent_tiled": NTXentTiled,
    "don_contrastive": Contrastive,
    "don_distribution": Distribution,
    "laplacian_eigenmaps": LaplacianEigenmaps,
}


def create_method(config: TrainConfig, processes: int = 1) -> Method:
    """The method that the configuration names.

    Raises ConfigError for an unknown name, which lists the valid ones, and for settings that the method cannot use or
    that do nothing beside the others while ``processes`` share the batches out.
    """
    if config.method not in METHODS:
        raise ConfigError(f"method is {config.method!r}, expected one of {', '.join(METHODS)}")
    method = METHODS[config.method](config)
    refuse_unused(config, {name: kind.keys() for name, kind in METHODS.items()}, processes)
    return method
