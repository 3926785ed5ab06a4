"""In which views of a scan a point of the object is seen, and where."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanView

_WINDOW_PX = 1  # around the point's pixel: the edge of a surface is a pixel wide
_APART_M, _APART = 0.004, 0.015  # between the point and the measured surface: of its distance, and at least


def pixel_in_view(view: ScanView, point_object: ArrayLike) -> tuple[float, float] | None:
    """Pixel (u, v) at which a view shows a point (3,) of the object's frame; None where it does not.

    It shows it where the surface that it measured within a pixel lies as far away as the point, to 4 mm or 1.5 % (a
    stereo camera's noise and the pose's): nearer surface hides the point, and farther surface means that there is
    nothing. A side of the object that is thinner than that shows what is on its other side, too. Raises ScanError for a
    view without a pose.
    """
    (point,) = transform(view.pose, np.asarray(point_object, float).reshape(1, 3))
    u, v = view.camera.project(point[None])[0]
    if not (np.isfinite([u, v]).all() and view.camera.contains(u, v)):
        return None
    window = np.s_[
        max(0, round(v) - _WINDOW_PX) : round(v) + _WINDOW_PX + 1,
        max(0, round(u) - _WINDOW_PX) : round(u) + _WINDOW_PX + 1,
    ]
    measured = view.depth[window][view.mask[window] & (view.depth[window] > 0)]
    allowed = max(_APART_M, _APART * float(point[2]))
    if not len(measured) or measured.min() < point[2] - allowed or np.abs(measured - point[2]).min() > allowed:
        return None
    return float(u), float(v)
