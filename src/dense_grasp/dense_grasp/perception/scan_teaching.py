"""Teaching a point of a scanned object: a click on the newest image or in a picture of the scan becomes a 3-D point."""

from __future__ import annotations

from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3
from dense_grasp_core.object_model.clicked_point import ClickError, clicked_point, view_point
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import Entry, Row

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.loaded_scans import ScannedObject, ScannedObjectError
from dense_grasp.perception.posed_matches import SAME_PLACE
from dense_grasp.perception.scanned_keypoints import is_of_scan
from dense_grasp.perception.scanned_objects import ScannedObjects
from dense_grasp_interfaces.srv import RegisterDescriptor

Taught = tuple[int, str, dict[str, Any]]


class ScanTeaching:
    """Points of objects that have a scan. timeout: s of wall clock that a click waits for a scan to be loaded."""

    def __init__(self, scanned: ScannedObjects, timeout: float):
        self._scanned, self._timeout = scanned, timeout

    def teaches(self, request: RegisterDescriptor.Request) -> bool:
        """Whether a request is for this: its object has a scan, or should have one."""
        return request.source == request.SCAN_VIEW or self._scanned.scans.has_scan(request.object_id)

    def is_current(self, row: Row | Entry) -> bool:
        """Whether a row's point, if it has one, is a place on the scan that there is now, as far as that is known."""
        return row.object_point is None or is_of_scan(row, self._scanned.scans.frame_digest(row.object_id))

    def in_view(self, request: RegisterDescriptor.Request) -> Taught:
        """Code, reason, and what the store keeps of a click in the scan's picture `scan_view`."""
        if not self._scanned.scans.has_scan(request.object_id):
            where = self._scanned.scans.where(request.object_id)
            return StoreCode.NO_SCAN, f"{request.object_id} has no scan, expected one at {where}", {}
        try:
            scanned = self._scanned.scans.get(request.object_id, self._timeout)
            if request.scan_view >= len(scanned.views):
                return (
                    StoreCode.NO_SCAN,
                    f"scan_view is {request.scan_view}, expected 0..{len(scanned.views) - 1}: the scan of "
                    f"{request.object_id} has {len(scanned.views)} pictures",
                    {},
                )
            view = scanned.views[request.scan_view]
            values = self._values(scanned, view_point(view, request.u, request.v))
        except ScannedObjectError as error:
            return error.code, str(error), {}
        except (ClickError, ScanError) as error:
            return StoreCode.PIXEL_OUTSIDE, str(error), {}
        return StoreCode.OK, "", {**values, "camera": view.camera, "rgb": view.rgb, "scan_view": request.scan_view}

    def in_frame(self, request: RegisterDescriptor.Request, frame: CameraFrame) -> Taught:
        """Code, reason, and what the store keeps of a click on a frame, in which the object's pose is looked for."""
        u, v = request.u, request.v
        try:
            scanned, poses = self._scanned.find(request.object_id, frame, self._timeout)
            if not poses:
                return (
                    StoreCode.LOW_SCORE,
                    f"{request.object_id} was not found in the image, so the click has no place on it: put it into "
                    "view, with a side up that was scanned",
                    {},
                )
            pose = poses[0]
            point = clicked_point(scanned.bank, pose.camera_from_object, frame.camera, u, v, frame.depth)
            seen = se3.transform(pose.camera_from_object, point)
            others = (se3.transform(alternative, point) for alternative in pose.alternatives)
            if any(np.linalg.norm(seen - other) > SAME_PLACE for other in others):
                return (
                    StoreCode.AMBIGUOUS,
                    f"two poses of {request.object_id} explain the image nearly as well, so the click may mean two "
                    "points of it: turn it, or click in a picture of its scan",
                    {},
                )
            values = self._values(scanned, point)
        except ScannedObjectError as error:
            return error.code, str(error), {}
        except (ClickError, ScanError) as error:
            return StoreCode.PIXEL_OUTSIDE, str(error), {}
        except DenseGraspError as error:
            return StoreCode.NO_FRAME, str(error), {}
        return StoreCode.OK, "", {**values, "camera": frame.camera, "rgb": frame.rgb}

    def _values(self, scanned: ScannedObject, point: np.ndarray) -> dict[str, Any]:
        """The descriptor that is kept is the mean of those of all views that see the point. Raises ScanError."""
        descriptor = scanned.bank.keypoint(point).mean(0)
        return {
            "descriptor": descriptor / np.linalg.norm(descriptor),
            "model_id": self._scanned.scans.model_id,
            "network": self._scanned.scans.network,
            "object_point": tuple(map(float, point)),
            "scan": scanned.frame_digest,
        }
