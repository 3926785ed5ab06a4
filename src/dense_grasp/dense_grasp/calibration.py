"""What a network file says about its scores, read without loading the network."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.query import Limits

CALIBRATED = ("temperature", "found_threshold", "ambiguity_ratio")
_LARGEST_HEADER = 16 << 20


class CalibrationError(DenseGraspError):
    """A network file without a readable header."""


def calibration_of(path: str) -> dict[str, float]:
    """temperature, found_threshold and ambiguity_ratio of a network file. Raises CalibrationError."""
    try:
        with Path(path).expanduser().open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= _LARGEST_HEADER:
                raise ValueError(f"header of {length} bytes")
            header = json.loads(json.loads(file.read(length))["__metadata__"]["dense_grasp"])
        return {name: float(header[name]) for name in CALIBRATED}
    except OSError as error:
        raise CalibrationError(f"model file {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CalibrationError(f"model file {path} has no readable header: {error!r}") from error


def calibrated(limits: Limits, chosen: dict[str, float], model: str) -> Limits:
    """`limits` with the chosen values where they are numbers, and the file's where they are NaN.

    Raises CalibrationError when a value is needed from a file that has none.
    """
    file = calibration_of(model) if any(math.isnan(chosen[name]) for name in CALIBRATED) else {}
    temperature, threshold, ratio = (file[name] if math.isnan(chosen[name]) else chosen[name] for name in CALIBRATED)
    return replace(limits, temperature=temperature, found_threshold=threshold, ambiguity_ratio=ratio)
