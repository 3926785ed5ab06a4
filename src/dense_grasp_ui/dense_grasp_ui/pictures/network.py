"""Describes pictures with a network of the page's own: pictures that the graph does not describe. No ROS."""

from __future__ import annotations

import threading

from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.model_header import read_info
from numpy.typing import NDArray

from dense_grasp_ui.pictures.heat import Described


class Network:
    """The network of a file; its weights are loaded by the first picture. Thread-safe, one picture at a time.

    model: `.safetensors`, `.xml` or `.onnx`; threads: of the CPU, None for all. Raises ModelFileError for a file that
    is none.
    """

    def __init__(self, model: str, threads: int | None = None):
        self.model, self._threads = model, threads
        self.info: ModelInfo = read_info(model)
        self._extractor: DescriptorExtractor | None = None
        self._lock = threading.Lock()

    def describe(self, name: str, rgb: NDArray) -> Described:
        """A picture (H, W, 3) RGB with its descriptors. Raises DenseGraspError."""
        with self._lock:
            if self._extractor is None:
                self._extractor = DescriptorExtractor(self.model, threads=self._threads)
            features = self._extractor(rgb)
            return Described(name, rgb, features, self._extractor.stride, self._extractor.model_id)
