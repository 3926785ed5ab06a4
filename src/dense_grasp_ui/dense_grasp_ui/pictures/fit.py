"""Whether the open fingers go around what is pointed at: their opening in the picture, at the depth that is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.geometry.depth import robust_depth
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError

#: px around the pixel in which its depth is measured.
RADIUS = 3


@dataclass(frozen=True)
class Opening:
    """The fingers' opening: m, the same in px of the picture, and the depth there, m."""

    metres: float
    pixels: float
    depth: float


def opening_at(depth: NDArray[np.floating], focal_length: float, u: float, v: float, metres: float) -> Opening:
    """The opening (m) of the fingers at pixel (u, v). depth: (H, W) m; focal_length: px. Raises PictureError."""
    sample = robust_depth(depth, u, v, RADIUS)
    if sample is None:
        raise PictureError(f"no depth was measured around pixel ({u:.0f}, {v:.0f})")
    return Opening(metres, metres * focal_length / sample.depth, sample.depth)
