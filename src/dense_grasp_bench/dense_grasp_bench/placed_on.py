"""How an object that was put on the carton lies there, by the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.solids.solid import Solid, solid_point
from dense_grasp_core.geometry.se3 import transform
from numpy.typing import NDArray

from dense_grasp_bench.true_pose import covered_middle

Array = NDArray[np.float64]
NEAR_M = 0.02  # of the object's middle from the point that it was put on
ON_IT_M = 0.01  # of its lowest point from the top of the carton
UPRIGHT_RAD = np.radians(10.0)  # that it leans from how it stood


@dataclass(frozen=True)
class Placed:
    """beside, above: m, of the object's middle from the point, horizontally, and of its lowest point from the carton's
    top; leans: rad from how it stood before it was picked up; upright: whether that was asked.
    """

    beside: float
    above: float
    leans: float
    upright: bool

    @property
    def is_there(self) -> bool:
        """On the carton, its middle near the point, and upright where that was asked."""
        stands = not self.upright or self.leans <= UPRIGHT_RAD
        return bool(self.beside <= NEAR_M and abs(self.above) <= ON_IT_M and stands)

    def __str__(self) -> str:
        return (
            f"middle {1000.0 * self.beside:5.1f} mm beside, lowest point {1000.0 * self.above:+5.1f} mm over the top, "
            f"leans by {np.degrees(self.leans):3.0f} deg{', upright asked' if self.upright else ''}"
        )


def placed(
    thing: CapMesh | Solid, before: Array, after: Array, carton: Solid, base_from_carton: Array, upright: bool
) -> Placed:
    """Judge poses (4, 4) of an object before it was picked up and after it was put on the middle of the carton."""
    point = transform(base_from_carton, solid_point(carton, "top", 0.5, 0.5))
    up_before = before[2, :3]  # the base's z in the object's frame
    leans = float(np.arccos(np.clip(after[2, :3] @ up_before, -1.0, 1.0)))
    lowest = float(transform(after, thing.vertices)[:, 2].min())
    beside = float(np.linalg.norm(covered_middle(thing, after) - point[:2]))
    return Placed(beside, lowest - float(point[2]), leans, upright)
