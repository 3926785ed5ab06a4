"""An object's frame, drawn over the picture in which it was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: x, y and z, as everywhere in ROS.
COLOURS = "#ff4d4d", "#3ddc5a", "#4d9dff"
#: m.
LENGTH = 0.05


@dataclass(frozen=True)
class Axis:
    """A line between two pixels (u, v) of the picture."""

    start: tuple[float, float]
    end: tuple[float, float]
    colour: str


def axes_of(camera_from_object: NDArray[np.float64], intrinsics: NDArray[np.float64]) -> list[Axis]:
    """The axes of a frame at camera_from_object (4, 4), m, as a camera with intrinsics (3, 3), px, sees them.

    None where an end lies behind the camera. The lens's distortion, some pixels at the border, is left out.
    """
    ends = np.column_stack([np.zeros(3), LENGTH * np.eye(3)])  # (3, 4): the origin and the three ends
    seen = intrinsics @ (camera_from_object[:3, :3] @ ends + camera_from_object[:3, 3:])
    if not (np.isfinite(seen).all() and (seen[2] > 1e-3).all()):
        return []
    origin, *tips = ((float(u), float(v)) for u, v in (seen[:2] / seen[2]).T)
    return [Axis(origin, tip, colour) for tip, colour in zip(tips, COLOURS, strict=True)]
