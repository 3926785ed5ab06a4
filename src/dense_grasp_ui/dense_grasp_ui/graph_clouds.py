"""Point clouds of the graph as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField

from dense_grasp_ui.pictures.coloured_points import MOST_POINTS, ColouredPoints
from dense_grasp_ui.pictures.encoding import PictureError

_FIELDS = ("x", "y", "z", "rgb")


def coloured_points(cloud: PointCloud2, what: str) -> ColouredPoints:
    """x, y, z, and rgb packed as PCL has it; of more than MOST_POINTS every second, third, … what: in errors.

    Raises PictureError for another layout, and for points that are not finite.
    """
    offsets = {field.name: field.offset for field in cloud.fields if field.datatype == PointField.FLOAT32}
    size, step = len(cloud.data), cloud.point_step
    fits = all(0 <= offsets.get(name, step) <= step - 4 for name in _FIELDS)
    if not fits or not size or size % step or cloud.is_bigendian:
        told = ", ".join(f"{field.name} at {field.offset}" for field in cloud.fields) or "no fields"
        raise PictureError(
            f"the {what} is {size} bytes of points of {step} bytes with {told}, expected some points with x, y, z, "
            "rgb of 4 bytes each, little-endian"
        )
    places, formats = [offsets[name] for name in _FIELDS], ["<f4", "<f4", "<f4", "<u4"]
    layout: Any = {"names": _FIELDS, "formats": formats, "offsets": places, "itemsize": step}
    rows: Any = np.frombuffer(bytes(cloud.data), np.dtype(layout))
    rows = rows[:: -(-len(rows) // MOST_POINTS)]
    points = np.stack([rows[name] for name in "xyz"], axis=1)
    if not np.isfinite(points).all():
        raise PictureError(f"the {what} has points that are not finite, expected metres in one frame")
    colours = np.stack([rows["rgb"] >> shift & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)
    return ColouredPoints(points, colours)
