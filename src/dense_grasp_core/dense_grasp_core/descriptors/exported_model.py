"""Networks exported as graphs: OpenVINO IR (``.xml`` with ``.bin``) and ONNX, each with the header of its model file.

A graph takes an RGB image (1, H, W, 3) uint8 and gives descriptors (1, h, w, D) float32. Its header is the JSON text of
`model_file.header_text`, under the key ``dense_grasp``: in the IR's rt_info, in the ONNX file's metadata. An IR takes
any image size, an ONNX file the one it was exported for.

The IR that lies beside a network's ``.safetensors`` file under the same name is what a robot runs in its place, so that
it needs no torch. It belongs to the network when both headers have the same ``model_id``, a hash of the weights.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dense_grasp_core.descriptors.model_file import HEADER_KEY, ModelFileError, ModelInfo, header_text
from dense_grasp_core.descriptors.model_header import read_info

if TYPE_CHECKING:
    import openvino

    from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

EXPORTED_SUFFIXES = (".xml", ".onnx")
_HASH_KEY = "dense_grasp_weights_sha256"
_TRACE_SIZE = (96, 128)
_SMALLEST_IN_HALF = 64


def is_exported(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name says that it is an exported graph."""
    return Path(path).suffix in EXPORTED_SUFFIXES


def graph_beside(model: str | os.PathLike[str]) -> Path:
    """Where the graph of a ``.safetensors`` file lies: beside it, under its name."""
    return Path(model).with_suffix(".xml")


def openvino_graph(pipeline: DescriptorPipeline, size: tuple[int, int] | None) -> openvino.Model:
    """The pipeline as an OpenVINO graph for images of (height, width), or of any size.

    The frontend is called directly, because `openvino.convert_model` also folds each batch normalisation into its
    convolution: the weights would no longer be the float16 numbers of the model file, and take twice the room.
    """
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    from dense_grasp_core.descriptors.pipeline import example_image

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # OpenVINO traces by an interface torch is retiring
        example = example_image(size or _TRACE_SIZE)
        traced = torch.jit.trace(pipeline.cpu(), example, check_trace=False)
        frontend = FrontEndManager().load_by_framework("pytorch")
        decoder = TorchScriptPythonDecoder(traced, example_input=example)  # named: the frontend does not keep it
        graph = frontend.convert(frontend.load(decoder))
    graph.reshape([1, -1, -1, 3] if size is None else [1, *size, 3])
    return graph


def save_openvino(path: str | os.PathLike[str], pipeline: DescriptorPipeline, info: ModelInfo) -> None:
    """Write NAME.xml and NAME.bin for images of any size. Raises ModelFileError when the disk refuses.

    Weights that float16 holds exactly, as those of a model file, are stored so; all others stay float32.
    The ``.xml`` appears last and names the SHA-256 of its ``.bin``, so a pair that does not belong together is told.
    """
    import openvino

    target = Path(path)
    graph = openvino_graph(pipeline, None)
    _store_in_half(graph)
    graph.set_rt_info(header_text(info), HEADER_KEY)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}.") as folder:
            draft = Path(folder) / target.name
            openvino.save_model(graph, draft, compress_to_fp16=False)
            graph.set_rt_info(_sha256(draft.with_suffix(".bin")), _HASH_KEY)
            openvino.save_model(graph, draft, compress_to_fp16=False)
            os.replace(draft.with_suffix(".bin"), target.with_suffix(".bin"))
            os.replace(draft, target)
    except (OSError, RuntimeError) as error:
        raise ModelFileError(f"exported model {target} cannot be written: {error}") from error


def read_exported(path: str | os.PathLike[str]) -> tuple[openvino.Model, ModelInfo]:
    """The graph of an exported file and its header.

    Raises ModelFileError when a file is missing, damaged, without header, or OpenVINO is not installed.
    """
    target = Path(path)
    weights = target.with_suffix(".bin")
    try:
        import openvino
    except ImportError as error:
        raise ModelFileError(
            f"model file {target} needs the package openvino, which does not import: {error}"
        ) from error
    for needed in [target, weights] if target.suffix == ".xml" else [target]:
        if not needed.is_file():
            raise ModelFileError(f"model file {needed} does not exist")
    try:
        graph = openvino.Core().read_model(target)
    except RuntimeError as error:
        size = target.stat().st_size
        raise ModelFileError(
            f"model file {target} ({size} bytes) is truncated or no {target.suffix[1:]} graph: {error}"
        ) from error
    info = read_info(target)
    if target.suffix == ".xml":
        wanted, found = graph.get_rt_info([_HASH_KEY]).astype(str), _sha256(weights)
        if found != wanted:
            raise ModelFileError(f"weights {weights} have SHA-256 {found}, but {target} expects {wanted}")
    return graph, info


def read_graph_beside(model: str | os.PathLike[str], info: ModelInfo) -> openvino.Model | None:
    """The graph that lies beside the network ``info`` of the file ``model``; None when there is none.

    Raises ModelFileError when it is damaged or was made from another network.
    """
    path = graph_beside(model)
    if not path.is_file():
        return None
    graph, found = read_exported(path)
    if found.model_id != info.model_id:
        raise ModelFileError(
            f"graph {path} was made from network {found.model_id}, but {model} beside it is {info.model_id}: write it "
            f"anew with `ros2 run dense_grasp_train export --model {model} --out {path.parent} --formats openvino`, or "
            "bring the .xml and .bin that belong to this network"
        )
    return graph


def for_image_size(graph: openvino.Model, size: tuple[int, int], name: str) -> openvino.Model:
    """A copy of an exported graph for images of (height, width). Raises ModelFileError when it was made for another."""
    shape = graph.input(0).partial_shape
    wanted = [1, *size, 3]
    if not shape.compatible(type(shape)(wanted)):
        raise ModelFileError(f"model file {name} takes images {shape} (1, H, W, 3), the image is {wanted}")
    copy = graph.clone()
    if shape.is_dynamic:
        copy.reshape(wanted)
    return copy


def _store_in_half(graph: openvino.Model) -> None:
    """Store each float32 constant as float16 where that loses nothing; the graph still computes in float32."""
    import openvino
    from openvino import opset13

    for node in graph.get_ops():
        if node.get_type_name() != "Constant" or node.get_element_type() != openvino.Type.f32:
            continue
        values = node.data
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if values.size < _SMALLEST_IN_HALF or not np.array_equal(half.astype(np.float32), values):
            continue
        widened = opset13.convert(opset13.constant(half), "f32")
        for reader in list(node.output(0).get_target_inputs()):
            reader.replace_source_output(widened.output(0))
    graph.validate_nodes_and_infer_types()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
