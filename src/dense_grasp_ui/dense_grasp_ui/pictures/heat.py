"""Where one picture's pixel is found in another: the score over the other's descriptors, drawn over it. No ROS.

The paper's own window (section 4.1, Fig. 4): the pointer is on one image, the kernel is seen in the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.heatmap import heatmap_overlay
from dense_grasp_core.matching.peaks import highest
from dense_grasp_core.matching.scores import DEFAULT_SCORE, match_score
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError

#: Peaks that are numbered, and the least height of one.
PEAKS = 5
LOWEST = 0.05
#: Range of the slider for t: from a kernel of one cell to one that covers the image.
TEMPERATURES = (-4.0, 2.0)


@dataclass
class Described:
    """A picture and its descriptors.

    rgb (H, W, 3); features (h, w, D); stride: px a cell; model_id: of the network that described it.
    """

    name: str
    rgb: NDArray[np.uint8]
    features: NDArray[np.floating]
    stride: float
    model_id: str
    _grid: DescriptorGrid | None = field(default=None, repr=False)

    @property
    def grid(self) -> DescriptorGrid:
        """Prepared by the first who asks. Raises MatchingError."""
        if self._grid is None:
            height, width = self.rgb.shape[:2]
            self._grid = DescriptorGrid.from_array(self.features, self.stride, (height, width))
        return self._grid


@dataclass(frozen=True)
class Heat:
    """rgb (H, W, 3): the target with the kernel over it; peaks: (u, v, score), highest first."""

    rgb: NDArray[np.uint8]
    peaks: list[tuple[float, float, float]]


def look_for(
    source: Described, u: float, v: float, target: Described, temperature: float, score: str = DEFAULT_SCORE
) -> Heat:
    """What is at pixel (u, v) of `source`, looked for in `target`.

    temperature: t of Eq. 8; score: name of how the network's descriptors are compared. Raises PictureError
    for descriptors of two networks, MatchingError for a pixel outside the picture, UnknownScoreError.
    """
    if source.model_id != target.model_id:
        raise PictureError(
            f"{source.name} was described by network {source.model_id} and {target.name} by {target.model_id}, "
            "expected the same: keep the picture again"
        )
    low, high = TEMPERATURES
    if not (math.isfinite(temperature) and low <= temperature <= high):
        raise PictureError(f"temperature is {temperature}, expected {low:g} to {high:g}")
    kernel = match_score(score).image(target.grid, source.grid.sample(u, v)[None], temperature)
    return Heat(heatmap_overlay(target.rgb, kernel), highest(kernel, PEAKS, lowest=LOWEST))
