"""From a camera image to its descriptor grid, by OpenVINO or torch.

torch is imported only where it computes. A robot needs none: it runs the graph beside the network.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.descriptors.exported_model import (
    for_image_size,
    graph_beside,
    is_exported,
    openvino_graph,
    read_exported,
    read_graph_beside,
)
from dense_grasp_core.descriptors.graph_cache import cached_graph, keep_graph
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_info, load_model
from dense_grasp_core.descriptors.optional_torch import TORCH_REMEDY, TorchMissingError, require_torch
from dense_grasp_core.errors import DenseGraspError

if TYPE_CHECKING:
    import openvino

    from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

BACKENDS = ("auto", "torch", "openvino")
_MIN_SIDE = 32
_MIN_AGREEMENT = 0.99
_KEPT_SIZES = 8
_log = logging.getLogger(__name__)
_Inference = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class ExtractorError(DenseGraspError):
    """An image that is no image, or a backend that does not exist or does not agree with the network."""


class DescriptorExtractor:
    """The network of a model file, ready for images of one camera.

    path: a ``.safetensors`` file, or what `export` makes of it: OpenVINO IR (``.xml``) or ONNX, which OpenVINO runs.
    Of a ``.safetensors`` file OpenVINO runs the graph beside it; where there is none, torch makes one.
    backend: "openvino" (CPU, bfloat16 where the CPU computes in it and the result agrees with torch), "torch"
    (CUDA when there is one), or "auto": CUDA, else OpenVINO where it is installed, else torch.
    cache: folder in which a graph that had to be made is kept between starts, None for nowhere.
    An image of a new size compiles the network for it (seconds); the last eight sizes are kept.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        backend: str = "auto",
        threads: int | None = None,
        cache: Path | None = None,
    ) -> None:
        if backend not in BACKENDS:
            raise ExtractorError(f"backend is {backend!r}, expected one of {', '.join(BACKENDS)}")
        self._path = os.fspath(path)
        self._threads = threads
        self._cache = cache
        self._pipeline: DescriptorPipeline | None = None
        if is_exported(path):
            if backend == "torch":
                raise ExtractorError(f"backend is 'torch', but model file {path} is a graph: expected auto or openvino")
            self._exported, self.info = read_exported(path)
            self.backend = "openvino"
        else:
            self.info = load_info(path)
            self.backend = _choose(backend)
            ready = _ready_graph(path, self.info, cache) if self.backend == "openvino" else None
            if ready is None:
                self._pipeline = _pipeline(path, self.backend)
            else:
                self._exported = ready
        self.precision = "f32"
        self._compiled: dict[tuple[int, int], tuple[_Inference, str]] = {}

    @property
    def stride(self) -> float:
        """Camera pixels per descriptor cell."""
        return self.info.stride

    @property
    def model_id(self) -> str:
        """Identity of the network; descriptors of two ids are never compared."""
        return self.info.model_id

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors (h, w, D) of an RGB image (H, W, 3) uint8, of length 1 when the model normalises.

        h = ceil(H / stride), w = ceil(W / stride). Raises ExtractorError for another dtype or shape.
        """
        if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            described = f"{rgb.dtype} {rgb.shape}" if isinstance(rgb, np.ndarray) else repr(type(rgb))
            raise ExtractorError(f"image is {described}, expected uint8 (H, W, 3) in RGB order")
        if min(rgb.shape[:2]) < _MIN_SIDE:
            raise ExtractorError(f"image is {rgb.shape[1]}x{rgb.shape[0]} px, expected at least {_MIN_SIDE} a side")
        size = (int(rgb.shape[0]), int(rgb.shape[1]))
        compiled = self._compiled.pop(size, None) or self._compile(size)
        self._compiled[size] = compiled  # the last used one is the last to go
        if len(self._compiled) > _KEPT_SIZES:
            del self._compiled[next(iter(self._compiled))]
        infer, self.precision = compiled
        return infer(np.ascontiguousarray(rgb))

    def _compile(self, size: tuple[int, int]) -> tuple[_Inference, str]:
        if self._pipeline is not None and self.backend == "torch":
            return _torch_inference(self._pipeline, self._threads), "f32"
        if self._pipeline is not None:
            plain = _torch_inference(self._pipeline, self._threads)
        else:
            plain = _openvino_inference(self._graph(size), "f32", self._threads)
        reference_image = _test_image(size)
        reference = plain(reference_image)
        for precision in _openvino_precisions():
            infer = _openvino_inference(self._graph(size), precision, self._threads)
            agreement = _agreement(infer(reference_image), reference)
            if agreement >= _MIN_AGREEMENT:
                if self._pipeline is not None and self._cache is not None:
                    keep_graph(self._cache, self._pipeline, self.info)
                return infer, precision
            _log.warning("OpenVINO in %s agrees with float32 to %.3f only, trying the next", precision, agreement)
        raise ExtractorError(
            f"OpenVINO agrees with torch to {agreement:.3f} (cosine), expected >= {_MIN_AGREEMENT}; use backend torch"
        )

    def _graph(self, size: tuple[int, int]) -> openvino.Model:
        if self._pipeline is not None:
            return openvino_graph(self._pipeline, size)
        return for_image_size(self._exported, size, self._path)


def _ready_graph(path: str | os.PathLike[str], info: ModelInfo, cache: Path | None) -> openvino.Model | None:
    """The graph beside the network, else the one kept from an earlier start, else None."""
    beside = read_graph_beside(path, info)
    if beside is not None or cache is None:
        return beside
    return cached_graph(cache, info)


def _pipeline(path: str | os.PathLike[str], backend: str) -> DescriptorPipeline:
    try:
        require_torch(f"backend {backend!r} on {path}")
    except TorchMissingError as error:
        if backend == "torch":
            raise ExtractorError(str(error)) from error
        raise ModelFileError(
            f"model file {path} has no graph beside it, {graph_beside(path)} does not exist, and only torch could make "
            f"one, which cannot be imported: {TORCH_REMEDY}, or bring the .xml and .bin that `train` and `export` write"
        ) from error
    from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

    return DescriptorPipeline(*load_model(path)).eval()


def _has_cuda() -> bool:
    # Without the driver's device files there is no GPU: answered without importing torch.
    if not any(Path("/dev").glob("nvidia*")) and not Path("/dev/dxg").exists():
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def _choose(backend: str) -> str:
    if backend == "torch" or (backend == "auto" and _has_cuda()):
        return "torch"
    try:
        import openvino  # noqa: F401
    except ImportError as error:
        if backend == "openvino":
            raise ExtractorError("backend is 'openvino', but the package openvino is not installed") from error
        return "torch"
    return "openvino"


def _torch_inference(pipeline: DescriptorPipeline, threads: int | None) -> _Inference:
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pipeline.to(device)
    if threads is not None and device.type == "cpu":
        torch.set_num_threads(threads)

    def infer(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            result = pipeline(torch.from_numpy(image)[None].to(device))[0]
        return np.ascontiguousarray(result.float().cpu().numpy())

    return infer


def _openvino_precisions() -> list[str]:
    import openvino

    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ["bf16", "f32"] if "BF16" in capabilities else ["f32"]


def _openvino_inference(graph: openvino.Model, precision: str, threads: int | None) -> _Inference:
    import openvino

    options: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    request = openvino.compile_model(graph, "CPU", options).create_infer_request()

    def infer(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        request.infer([image[None]])
        return np.array(request.get_output_tensor(0).data[0], dtype=np.float32)

    return infer


def _test_image(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A smooth coloured pattern with noise: structure at every scale, the same on every machine."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float64)
    noise = np.random.default_rng(0).normal(0.0, 12.0, (*size, 3))
    waves = [np.sin(rows / 23 + columns / 41 + phase) * np.cos(columns / (17 + phase)) for phase in (0.0, 1.7, 3.1)]
    return np.clip(128 + 90 * np.stack(waves, axis=2) + noise, 0, 255).astype(np.uint8)


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Cosine between corresponding descriptors, the 1st percentile over the cells."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return 0.0
    lengths = np.linalg.norm(a, axis=2) * np.linalg.norm(b, axis=2)
    return float(np.percentile(np.sum(a * b, axis=2) / np.maximum(lengths, 1e-12), 1))
