"""Write the network as an ONNX file with the header of its model file."""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import torch
from dense_grasp_core.descriptors.model_file import HEADER_KEY, ModelInfo, header_text
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline, example_image
from dense_grasp_core.errors import DenseGraspError


class OnnxError(DenseGraspError):
    """The ONNX file cannot be made."""


def save_onnx(path: Path, pipeline: DescriptorPipeline, info: ModelInfo, size: tuple[int, int]) -> None:
    """Write the graph for images of (height, width): input ``image``, output ``descriptors``; whole or not at all.

    Raises OnnxError when the package onnxscript is missing or the disk refuses.
    """
    try:
        import onnxscript  # noqa: F401 - torch's exporter imports it late and fails with a bare import error
    except ImportError as error:
        raise OnnxError("ONNX export needs the package onnxscript, which is not installed") from error
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            pipeline.cpu().eval(),
            (example_image(size),),
            dynamo=True,
            external_data=False,
            input_names=["image"],
            output_names=["descriptors"],
            verbose=False,
        )
    if program is None:
        raise OnnxError(f"torch made no ONNX program for {path}, expected one")
    program.model.metadata_props[HEADER_KEY] = header_text(info)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        program.save(str(temporary), external_data=False)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OnnxError(f"{path} cannot be written: {error}") from error


def quiet_exporter() -> None:
    """Keep torch's exporter from logging every step."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
