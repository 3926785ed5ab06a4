"""Equation 8 of the paper: the difference is the squared distance of the descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from dense_grasp_core.matching.scores.score import Float32, MatchScore

if TYPE_CHECKING:
    from dense_grasp_core.matching.descriptor_grid import DescriptorGrid


def _squared_distance(grid: DescriptorGrid, descriptor: ArrayLike) -> Float32:
    return grid.squared_distance(descriptor)


GAUSSIAN = MatchScore("gaussian", _squared_distance)
