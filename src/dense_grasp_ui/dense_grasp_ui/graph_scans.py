"""The scans of the graph, as the page shows them: their messages become plain data here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dense_grasp_client.scans import Scans
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_ros.poses import pose_matrix
from sensor_msgs.msg import PointCloud2, PointField

from dense_grasp_interfaces.msg import ScanSummary
from dense_grasp_interfaces.srv import GetScanView
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.scan_picture import ScanPicture
from dense_grasp_ui.pictures.scan_surface import MOST_POINTS, ScanSurface

_FIELDS = ("x", "y", "z", "rgb")


class GraphScans:
    """GraspClient.scans without messages. Every call raises DenseGraspError."""

    def __init__(self, scans: Scans):
        self._scans = scans

    def summaries(self, object_id: str) -> Sequence[ScanSummary]:
        """The object's scan, none without one."""
        return self._scans.summaries(object_id)

    def view(self, object_id: str, view: int) -> ScanPicture:
        """One picture."""
        return scan_picture(f"view {view} of {object_id}", self._scans.view(object_id, view))

    def surface(self, object_id: str) -> ScanSurface:
        """At most MOST_POINTS points of the surface."""
        return scan_surface(self._scans.surface(object_id, MOST_POINTS).surface)


def scan_picture(name: str, answer: GetScanView.Response) -> ScanPicture:
    """A picture as it was answered. Raises DenseGraspError for a camera or a pose that is none."""
    info = answer.camera_info
    camera = CameraModel.from_camera_info(info.width, info.height, info.k, info.d, info.distortion_model)
    pose = pose_matrix(answer.camera_from_object)
    return ScanPicture(name, bytes(answer.image.data), bytes(answer.mask.data), bytes(answer.depth.data), camera, pose)


def scan_surface(cloud: PointCloud2) -> ScanSurface:
    """A surface as it was answered: x, y, z, and rgb packed as PCL has it. Raises PictureError for another layout."""
    offsets = {field.name: field.offset for field in cloud.fields if field.datatype == PointField.FLOAT32}
    size, step = len(cloud.data), cloud.point_step
    fits = all(0 <= offsets.get(name, step) <= step - 4 for name in _FIELDS)
    if not fits or not size or size % step or cloud.is_bigendian:
        told = ", ".join(f"{field.name} at {field.offset}" for field in cloud.fields) or "no fields"
        raise PictureError(
            f"the surface is {size} bytes of points of {step} bytes with {told}, expected some points with x, y, z, "
            "rgb of 4 bytes each, little-endian"
        )
    places, formats = [offsets[name] for name in _FIELDS], ["<f4", "<f4", "<f4", "<u4"]
    layout: Any = {"names": _FIELDS, "formats": formats, "offsets": places, "itemsize": step}
    rows: Any = np.frombuffer(bytes(cloud.data), np.dtype(layout))[:MOST_POINTS]
    points = np.stack([rows[name] for name in "xyz"], axis=1)
    if not np.isfinite(points).all():
        raise PictureError("the surface has points that are not finite, expected metres in the object's frame")
    colours = np.stack([rows["rgb"] >> shift & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)
    return ScanSurface(points, colours)
