"""Write into a network's files on what it was tried: headers change, weights and model_id do not."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from dense_grasp_core.descriptors.exported_model import graph_beside
from dense_grasp_core.descriptors.model_file import (
    HEADER_KEY,
    ModelFileError,
    ModelInfo,
    header_text,
    read_tensors,
    safetensors_content,
    write_whole,
)
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.descriptors.provenance import Trial, with_trials


def record_trials(path: Path, trials: Iterable[Trial]) -> ModelInfo:
    """Add trials to the header of a ``.safetensors`` file and of the graph beside it, if there is one; the new header.

    A trial on pictures of the same name replaces the earlier one. Raises ModelFileError for a file of another kind, a
    damaged one, and one that cannot be written.
    """
    if path.suffix != ".safetensors":
        raise ModelFileError(
            f"model file {path} is a graph, expected the network's .safetensors file to write trials into"
        )
    tensors, info = read_tensors(path)
    info = dataclasses.replace(info, tried_on=with_trials(info.tried_on, trials))
    write_whole(path, safetensors_content(tensors, info))
    graph = graph_beside(path)
    if graph.is_file() and read_info(graph).model_id == info.model_id:
        _rewrite_openvino(graph, info)
    return info


def _rewrite_openvino(path: Path, info: ModelInfo) -> None:
    tree = ElementTree.parse(path)
    entry = tree.getroot().find(f"./rt_info/{HEADER_KEY}")
    assert entry is not None  # read_info found it
    entry.set("value", header_text(info))
    write_whole(path, b'<?xml version="1.0"?>\n' + ElementTree.tostring(tree.getroot()) + b"\n")
