"""OpenVINO graphs of network files, kept between starts: importing torch and converting cost seconds each time."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from dense_grasp_core.descriptors.exported_model import read_exported, save_openvino
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo

if TYPE_CHECKING:
    import openvino

    from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

_log = logging.getLogger(__name__)


def cached_graph(folder: Path, info: ModelInfo) -> openvino.Model | None:
    """The kept graph of the network ``info`` for images of any size; None when there is none or it is damaged."""
    path = _path(folder, info)
    if not path.exists():
        return None
    try:
        graph, found = read_exported(path)
    except ModelFileError as error:
        _log.warning("%s; it will be made anew", error)
        return None
    return graph if found.model_id == info.model_id else None


def keep_graph(folder: Path, pipeline: DescriptorPipeline, info: ModelInfo) -> None:
    """Keep the graph of a network for the next start. A folder that cannot be written is told, not an error."""
    try:
        save_openvino(_path(folder, info), pipeline, info)
    except ModelFileError as error:
        _log.warning("%s; the next start converts the network again", error)


def _path(folder: Path, info: ModelInfo) -> Path:
    """A graph belongs to the network's id and OpenVINO's version."""
    import openvino

    return folder / f"{info.model_id}-openvino-{openvino.__version__.split('-')[0]}.xml"
