"""Networks exported as graphs: OpenVINO IR (``.xml`` with ``.bin``) and ONNX, each with the header of its model file.

A graph takes an RGB image (1, H, W, 3) uint8 and gives descriptors (1, h, w, D) float32. Its header is the JSON text of
`model_file.header_text`, under the key ``dense_grasp``: in the IR's rt_info, in the ONNX file's metadata. An IR takes
any image size, an ONNX file the one it was exported for.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from dense_grasp_core.descriptors.model_file import HEADER_KEY, ModelFileError, ModelInfo, header_text
from dense_grasp_core.descriptors.model_header import read_info

if TYPE_CHECKING:
    import openvino

    from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

EXPORTED_SUFFIXES = (".xml", ".onnx")
_HASH_KEY = "dense_grasp_weights_sha256"
_TRACE_SIZE = (96, 128)


def is_exported(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name says that it is an exported graph."""
    return Path(path).suffix in EXPORTED_SUFFIXES


def openvino_graph(pipeline: DescriptorPipeline, size: tuple[int, int] | None) -> openvino.Model:
    """The pipeline as an OpenVINO graph for images of (height, width), or of any size."""
    import openvino
    import torch

    from dense_grasp_core.descriptors.pipeline import example_image

    shape = [1, -1, -1, 3] if size is None else [1, *size, 3]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # OpenVINO traces by an interface torch is retiring
        example = example_image(size or _TRACE_SIZE)
        return openvino.convert_model(pipeline.cpu(), example_input=example, input=shape)


def save_openvino(path: str | os.PathLike[str], pipeline: DescriptorPipeline, info: ModelInfo) -> None:
    """Write NAME.xml and NAME.bin (float32) for images of any size. Raises ModelFileError when the disk refuses.

    The ``.xml`` appears last and names the SHA-256 of its ``.bin``, so a pair that does not belong together is told.
    """
    import openvino

    target = Path(path)
    graph = openvino_graph(pipeline, None)
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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
