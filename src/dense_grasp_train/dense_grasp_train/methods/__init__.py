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


def create_method(config: TrainConfig) -> Method:
    """The method that the configuration names.

    Raises ConfigError for an unknown name, which lists the valid ones, and for options that the method cannot use.
    """
    if config.method not in METHODS:
        raise ConfigError(f"method is {config.method!r}, expected one of {', '.join(METHODS)}")
    return METHODS[config.method](config)
