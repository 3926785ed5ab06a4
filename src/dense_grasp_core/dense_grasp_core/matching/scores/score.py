"""What a score is: a difference between descriptors, and one way to make 0..1 of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from dense_grasp_core.matching.descriptor_grid import DescriptorGrid

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class MatchScore:
    """Compares one descriptor with that of every pixel.

    name: as a network's header has it. difference: of a grid's image and a descriptor (D,), (H, W) float32, 0 where
    they are alike and larger the less they are; it may raise MatchingError.
    The score is exp(-difference / exp(2 t)) for the temperature t, so thresholds and calibration mean the same with
    every difference.
    """

    name: str
    difference: Callable[[DescriptorGrid, ArrayLike], Float32]

    def image(self, grid: DescriptorGrid, descriptors: ArrayLike, t: float) -> Float32:
        """(H, W) the largest score over the descriptors (K, D) of one keypoint, 0..1. Raises MatchingError."""
        first, *others = np.asarray(descriptors)
        least = self.difference(grid, first)
        for descriptor in others:
            np.minimum(least, self.difference(grid, descriptor), out=least)
        return np.exp(least * np.float32(-np.exp(-2.0 * t)))
