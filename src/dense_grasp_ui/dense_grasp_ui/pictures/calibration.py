"""How a network compares descriptors, and the temperature and threshold with which it was calibrated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.scores import DEFAULT_SCORE

from dense_grasp_ui.pictures.heat import TEMPERATURES


@dataclass(frozen=True)
class Calibration:
    """temperature: t of Eq. 8; threshold: score from which a point counts as found, NaN when nobody knows; score: the
    name of how descriptors are compared; model_id: of the network, "" where its file cannot be read.
    """

    temperature: float = -1.0
    threshold: float = math.nan
    score: str = DEFAULT_SCORE
    model_id: str = ""

    @classmethod
    def of(cls, model: str) -> Calibration:
        """That of a network's file; the slider's middle and no threshold without one that can be read."""
        try:
            return cls.of_header(read_info(model) if model else None)
        except DenseGraspError:
            return cls()

    @classmethod
    def of_header(cls, info: ModelInfo | None) -> Calibration:
        """That of a network's header; the slider's middle and no threshold where it was not calibrated."""
        if info is None:
            return cls()
        if not info.is_calibrated:
            return cls(score=info.score, model_id=info.model_id)
        low, high = TEMPERATURES
        temperature = min(max(float(info.temperature), low), high)
        return cls(temperature, float(info.found_threshold), info.score, info.model_id)
