"""The network of a file as what describes a store anew."""

from __future__ import annotations

from pathlib import Path

from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.matching.redescribe import NewNetwork
from dense_grasp_core.matching.scores import match_score


def new_network(path: str, backend: str = "auto", threads: int | None = None) -> tuple[NewNetwork, str]:
    """The network, and a note where it was not calibrated: what it finds is then judged by the place alone.

    Raises ModelFileError, and what DescriptorExtractor raises.
    """
    extractor = DescriptorExtractor(path, backend=backend, threads=threads)
    info, note = extractor.info, ""
    compare = match_score(info.score)
    limits = Limits(info.temperature, info.found_threshold, info.ambiguity_ratio, match_score=compare)
    if not info.is_calibrated:
        note = f"{path} was not calibrated: what it finds in its own pictures is judged by the place alone"
        limits = Limits(info.temperature, found_threshold=0.0, ambiguity_ratio=1.0, match_score=compare)
    return NewNetwork(extractor, extractor.model_id, Path(path).stem, extractor.stride, limits), note
