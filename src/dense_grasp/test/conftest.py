"""A graph of this process's own for the tests, and a network with random weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dense_grasp_ros.local_graph import LocalGraph, wait_until


@pytest.fixture
def graph() -> Iterator[LocalGraph]:
    """A fresh local graph."""
    local = LocalGraph()
    yield local
    local.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    """`until(condition, timeout)` polls a condition."""
    return wait_until


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights, as a model file."""
    import torch
    from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
    from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "random.safetensors"
    network = DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)).eval()
    save_model(path, network, ModelInfo(temperature=-0.5, found_threshold=0.4, ambiguity_ratio=0.9))
    return path


@pytest.fixture(scope="session")
def blobs() -> np.ndarray:
    """Blobs of every size, (128, 160, 3) RGB: a picture on which every place looks different."""
    noise = np.random.default_rng(3).normal(size=(128, 160, 3))
    blurred = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.0, 3.0, 9.0))
    return cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
