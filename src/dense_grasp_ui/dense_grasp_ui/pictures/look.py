"""From where something in 3-D is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
#: Vertical field of view, degrees.
FIELD_OF_VIEW = 40.0
#: Radii of a thing from which it is looked at: all of it is in the picture, whatever is turned to the front.
RADII_AWAY = 1.1 / math.sin(math.radians(FIELD_OF_VIEW / 2.0))
#: Elevation of a look from above, degrees: straight down there is no direction that is up.
ABOVE = 89.0
SLANTED = 30.0


@dataclass(frozen=True)
class Look:
    """A direction, degrees. azimuth: around the z axis, 0 along the x axis; elevation: above the horizon."""

    azimuth: float = 0.0
    elevation: float = SLANTED

    def eye(self, centre: NDArray[np.float64], radius: float) -> Point:
        """Place (x, y, z), m, from where a thing with this centre (3,) and radius is looked at, in the same frame."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        away = math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)
        x, y, z = (centre + RADII_AWAY * radius * np.asarray(away)).tolist()
        return x, y, z
