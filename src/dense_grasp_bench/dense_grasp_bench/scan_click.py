"""A person who knows where a point of an object is, and clicks it in the picture of the scan that shows it best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

NEAR = 0.006  # m between the point and what the picture's depth has there
AROUND = 6  # px to each side that count for how well a picture shows the point


class ClickError(DenseGraspError):
    """No picture of the scan shows the point, or the click on it was refused."""


def click_on(views: Sequence[ScanView], point_object: NDArray[np.float64]) -> tuple[int, int, int]:
    """(number of the view, u, v) of the pixel, px, that shows a point (3,) m of the scanned object.

    The picture is the one in which most pixels around it are the object's surface beside the point, so that nothing
    else lies near the click. Raises ClickError.
    """
    best, chosen = 0, None
    for number, view in enumerate(views):
        point = transform(view.pose, point_object)
        if point[2] <= 0.0:
            continue
        (pixel,), (inside,) = view.camera.nearest_pixels(view.camera.project(point[None]))
        u, v = int(pixel[0]), int(pixel[1])
        height, width = view.mask.shape
        if not (inside and AROUND <= u < width - AROUND and AROUND <= v < height - AROUND):
            continue
        window = np.s_[v - AROUND : v + AROUND + 1, u - AROUND : u + AROUND + 1]
        beside = view.mask[window] & (np.abs(view.depth[window] - point[2]) < NEAR)
        if view.mask[v, u] and beside[AROUND, AROUND] and int(beside.sum()) > best:
            best, chosen = int(beside.sum()), (number, u, v)
    if chosen is None:
        raise ClickError(f"none of {len(views)} pictures of the scan shows the point {point_object.round(3)} m")
    return chosen
