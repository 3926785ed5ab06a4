"""Directions alone: 2 (1 - cosine), which is the squared distance of both descriptors at length 1.

For networks whose descriptors differ in length without meaning. Of one that normalises it differs from Eq. 8 between
cells only, where the mix of two unit vectors is shorter than 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dense_grasp_core.matching.scores.score import Float32, MatchScore

if TYPE_CHECKING:
    from dense_grasp_core.matching.descriptor_grid import DescriptorGrid

_SHORTEST = np.float32(1e-12)


def _two_minus_two_cosines(grid: DescriptorGrid, descriptor: ArrayLike) -> Float32:
    """A descriptor of length 0 has no direction: it counts as at a right angle to all."""
    vector = np.asarray(descriptor, dtype=np.float32)
    lengths = np.sqrt(grid.squared_lengths * np.dot(vector, vector))
    cosine = grid.dot(vector) / np.maximum(lengths, _SHORTEST)
    return np.asarray(2.0 - 2.0 * np.clip(cosine, -1.0, 1.0), dtype=np.float32)


COSINE = MatchScore("cosine", _two_minus_two_cosines)
