"""A trained network as the two files that a robot takes: the network, and the graph that runs it without torch."""

from __future__ import annotations

from pathlib import Path

from dense_grasp_core.descriptors.exported_model import graph_beside, save_openvino
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline


def save_network(path: Path, network: DescriptorNetwork, info: ModelInfo) -> ModelInfo:
    """Write the network and its graph beside it; returns ``info`` with config and model_id filled in.

    The graph of an earlier network goes first: whatever interrupts this, no graph of another network stays beside the
    file. Raises ModelFileError as `save_model`, and when the disk refuses.
    """
    graph = graph_beside(path)
    try:
        graph.unlink(missing_ok=True)
        graph.with_suffix(".bin").unlink(missing_ok=True)
    except OSError as error:
        raise ModelFileError(f"graph {graph} of an earlier network cannot be removed: {error}") from error
    saved = save_model(path, network, info)
    # From the file: its float16 weights are what every user of the network computes with.
    save_openvino(graph, DescriptorPipeline(load_model(path)[0], saved).eval(), saved)
    return saved
