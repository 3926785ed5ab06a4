"""What turns the network's numbers into pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scales:
    """stride: image px per cell. input_scale: network input / camera image. normalise: descriptors to length 1."""

    stride: int
    input_scale: float
    normalise: bool
