"""The scans of the graph, as the page shows them: their messages become plain data here."""

from __future__ import annotations

from collections.abc import Sequence

from dense_grasp_client.scans import Scans
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_ros.poses import pose_matrix

from dense_grasp_interfaces.msg import ScanSummary
from dense_grasp_interfaces.srv import GetScanView
from dense_grasp_ui.graph_clouds import coloured_points
from dense_grasp_ui.pictures.coloured_points import MOST_POINTS, ColouredPoints
from dense_grasp_ui.pictures.scan_picture import ScanPicture


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

    def surface(self, object_id: str) -> ColouredPoints:
        """At most MOST_POINTS points of the surface."""
        return coloured_points(self._scans.surface(object_id, MOST_POINTS).surface, "surface")


def scan_picture(name: str, answer: GetScanView.Response) -> ScanPicture:
    """A picture as it was answered. Raises DenseGraspError for a camera or a pose that is none."""
    info = answer.camera_info
    camera = CameraModel.from_camera_info(info.width, info.height, info.k, info.d, info.distortion_model)
    pose = pose_matrix(answer.camera_from_object)
    return ScanPicture(name, bytes(answer.image.data), bytes(answer.mask.data), bytes(answer.depth.data), camera, pose)
