"""The scans that there are: their list, their pictures, their surfaces."""

from __future__ import annotations

from dense_grasp_ros.service_qos import EVERY_CALL

from dense_grasp_client.connection import ANSWER_TIMEOUT_S, NodeCalls
from dense_grasp_client.refused import checked
from dense_grasp_interfaces.msg import ScanSummary
from dense_grasp_interfaces.srv import GetScanSurface, GetScanView, ListScans


class Scans:
    """Reads scans; `GraspClient.scan` makes one. Raises GraphError and Refused as `GraspClient`."""

    def __init__(self, connection: NodeCalls):
        self._connection = connection
        create = connection.node.create_client
        self._list = create(ListScans, "dense_grasp/list_scans", qos_profile=EVERY_CALL)
        self._view = create(GetScanView, "dense_grasp/get_scan_view", qos_profile=EVERY_CALL)
        self._surface = create(GetScanSurface, "dense_grasp/get_scan_surface", qos_profile=EVERY_CALL)

    def summaries(self, object_id: str = "", timeout: float = ANSWER_TIMEOUT_S) -> list[ScanSummary]:
        """The scan of one object, none without one; of all objects with "", ordered by object."""
        answer = self._connection.call(self._list, ListScans.Request(object_id=object_id), timeout)
        return list(checked(answer, f"scans of {object_id or 'all'}").scans)

    def view(self, object_id: str, view: int, timeout: float = ANSWER_TIMEOUT_S) -> GetScanView.Response:
        """One picture: `image`, `mask` and `depth` (PNG), its `camera_info`, and `camera_from_object`."""
        request = GetScanView.Request(object_id=object_id, view=view)
        return checked(self._connection.call(self._view, request, timeout), f"view {view} of the scan of {object_id}")

    def surface(self, object_id: str, limit: int = 0, timeout: float = ANSWER_TIMEOUT_S) -> GetScanSurface.Response:
        """Points of the surface, at most `limit`; 0: all, up to 200,000. The answer's `surface` is a PointCloud2."""
        request = GetScanSurface.Request(object_id=object_id, limit=limit)
        return checked(self._connection.call(self._surface, request, timeout), f"surface of the scan of {object_id}")
