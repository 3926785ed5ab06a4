"""Temperature and threshold with which a network was calibrated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_ui.pictures.heat import TEMPERATURES


@dataclass(frozen=True)
class Calibration:
    """temperature: t of Eq. 8; threshold: score from which a point counts as found, NaN when nobody knows."""

    temperature: float = -1.0
    threshold: float = math.nan

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
        if info is None or not info.is_calibrated:
            return cls()
        low, high = TEMPERATURES
        return cls(min(max(float(info.temperature), low), high), float(info.found_threshold))
