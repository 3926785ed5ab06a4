"""Coloured points as the page shows them: the surface of a scan, or what the camera sees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.look import ABOVE, SLANTED, Look, Point

#: That a browser is sent at most, some 40 bytes each.
MOST_POINTS = 4000


@dataclass(frozen=True, eq=False)
class ColouredPoints:
    """points: (N, 3), m, in one frame, N at least 1; colours: (N, 3), 0..255."""

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """Of the box around them, (3,), m."""
        return np.asarray(self.points.min(0) + self.points.max(0), float) / 2.0

    @cached_property
    def radius(self) -> float:
        """m from the centre to the farthest point; 1 mm at least."""
        return max(1e-3, float(np.linalg.norm(self.points - self.centre, axis=1).max()))

    @property
    def spacing(self) -> float:
        """m between neighbours, as if the points lay evenly on a ball."""
        return self.radius * math.sqrt(4.0 * math.pi / len(self.points))

    def look_at(self, point: Point) -> Look:
        """A look that has a point in front."""
        x, y, z = np.asarray(point, float) - self.centre
        across = math.hypot(x, y)
        if across < 0.1 * self.radius:
            return Look(0.0, ABOVE if z > 0.0 else SLANTED)
        return Look(math.degrees(math.atan2(y, x)), max(SLANTED, math.degrees(math.atan2(z, across))))

    def rows(self) -> tuple[list[Any], list[Any]]:
        """Points and colours for the browser: to a tenth of a millimetre, and linear, 0..1, as three.js takes them."""
        linear = (self.colours / 255.0) ** 2.2
        return np.round(self.points.astype(float), 4).tolist(), np.round(linear, 3).tolist()
