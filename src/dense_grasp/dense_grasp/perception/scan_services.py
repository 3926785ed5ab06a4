"""The services that show scans: which there are, one picture of one with its pose, its surface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.scan import ScanView, count_views, read_view
from dense_grasp_core.object_model.scan_summary import ScanSummary, summary_of, surface_of
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store.rows import is_name, shown
from dense_grasp_core.store.scan_folders import ScanFolders, size_of
from dense_grasp_core.wording import some_of
from dense_grasp_ros.images import byte_array
from dense_grasp_ros.long_callback import Workers, long_callback
from dense_grasp_ros.poses import pose_message
from dense_grasp_ros.service_qos import EVERY_CALL
from geometry_msgs.msg import Vector3
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, PointCloud2
from std_msgs.msg import Header

from dense_grasp.perception.clouds import cloud_message
from dense_grasp.perception.messages import info_from_camera
from dense_grasp.perception.store_services import picture_png, time_message
from dense_grasp.ros.failed_call import failed_call
from dense_grasp_interfaces.msg import ScanSummary as ScanSummaryMessage
from dense_grasp_interfaces.srv import GetScanSurface, GetScanView, ListScans

#: Scans of one answer, and points of one surface (16 bytes each) whatever its limit.
MOST_SCANS, MOST_POINTS = 1000, 200_000
#: Calls that read pictures at the same time; and those that wait for one of them: a page asks for all views of a scan.
READING, WAITING = 2, 62


class _AbsentError(DenseGraspError):
    """There is no such scan, or it has no such part."""


class ScanServices:
    """Handlers of the services. folder: of the scans, None: there is none and no scan."""

    def __init__(self, folder: Path | None):
        self._scans = None if folder is None else ScanFolders(folder)

    def list(self, request: ListScans.Request, response: ListScans.Response) -> ListScans.Response:
        """What there is; a scan that cannot be read is named in the message."""
        try:
            names = [name for name in self._names() if request.object_id in ("", name)]
            unreadable = []
            for name in names[:MOST_SCANS]:
                try:
                    response.scans.append(self._summary(name))
                except DenseGraspError as error:
                    unreadable.append(f"the scan of {name} cannot be read: {error}")
        except OSError as error:
            response.code, response.message = StoreCode.STORE_ERROR, f"the scans cannot be listed: {error}"
            return response
        told = [f"{len(response.scans)} scans", *unreadable]
        if len(names) > MOST_SCANS:
            told.append(f"{len(names) - MOST_SCANS} more are not listed, at most {MOST_SCANS} are: ask for one by name")
        response.message = "; ".join(told)
        return response

    def view(self, request: GetScanView.Request, response: GetScanView.Response) -> GetScanView.Response:
        """One picture, with mask, depth, camera and pose."""
        with _refusals(request, response):
            folder = self._folder(request.object_id)
            count = count_views(folder)
            if request.view >= count:
                raise _AbsentError(
                    f"view is {request.view}, expected 0..{count - 1}: the scan of {request.object_id} has {count} "
                    "pictures"
                )
            view, taken = read_view(folder, request.view), (folder / "poses.json").stat().st_mtime
            header = Header(stamp=time_message(taken))
            _fill(response.image, header, picture_png(view.rgb))
            _fill(response.mask, header, _mask_png(view))
            _fill(response.depth, header, _depth_png(view))
            response.camera_info = info_from_camera(view.camera, header)
            response.camera_from_object = pose_message(view.pose)
            response.message = f"view {request.view} of {count} of {request.object_id}"
        return response

    def surface(self, request: GetScanSurface.Request, response: GetScanSurface.Response) -> GetScanSurface.Response:
        """Points of the surface, evenly taken from all of them where there are more than asked for."""
        with _refusals(request, response):
            folder = self._folder(request.object_id)
            surface = surface_of(folder)
            if surface is None:
                raise _AbsentError(
                    f"the scan of {request.object_id} has no surface: {folder / 'surface.ply'} does not exist; "
                    "scan_object and `ros2 run dense_grasp_train scan` make one"
                )
            most = min(request.limit or MOST_POINTS, MOST_POINTS)
            response.surface = surface_message(surface, most)
            response.message = f"{response.surface.width} of {len(surface.points)} points of {request.object_id}"
        return response

    def _names(self) -> Sequence[str]:
        return [] if self._scans is None else self._scans.names()

    def _folder(self, object_id: str) -> Path:
        """Where the scan of an object lies. Raises _AbsentError that names those that there are."""
        if self._scans is not None and is_name(object_id):
            folder = self._scans.folder(object_id)
            if folder.is_dir():
                return folder
        there = some_of(names) if (names := self._names()) else "none is there"
        raise _AbsentError(f"{shown(object_id)} has no scan, expected one of: {there}")

    def _summary(self, name: str) -> ScanSummaryMessage:
        assert self._scans is not None
        folder = self._scans.folder(name)
        return summary_message(name, summary_of(folder), size_of(folder))


def summary_message(object_id: str, summary: ScanSummary, disk_bytes: int) -> ScanSummaryMessage:
    """What is known of a scan, as a message."""
    x, y, z = map(float, summary.size)
    return ScanSummaryMessage(
        object_id=object_id,
        created=time_message(summary.created),
        views=summary.views,
        coverage=summary.coverage,
        size=Vector3(x=x, y=y, z=z),
        has_surface=summary.has_surface,
        disk_bytes=disk_bytes,
    )


def surface_message(surface: Surface, most: int) -> PointCloud2:
    """At most so many points of a surface, evenly taken, in the object's frame; colours packed as PCL has them."""
    chosen = np.linspace(0, len(surface.points) - 1, min(most, len(surface.points))).round().astype(int)
    return cloud_message(surface.points[chosen], surface.colours[chosen])


def serve_scans(node: Node, folder: Path | None, callback_group: Any) -> None:
    """Serve them in threads of their own: pictures that are read keep no other call of the node waiting."""
    handlers, reading = ScanServices(folder), Workers(READING, WAITING, "scans")
    for kind, name, handler in (
        (ListScans, "list_scans", handlers.list),
        (GetScanView, "get_scan_view", handlers.view),
        (GetScanSurface, "get_scan_surface", handlers.surface),
    ):
        callback = long_callback(node, handler, workers=reading, on_error=failed_call(node.get_logger()))
        node.create_service(
            kind, f"dense_grasp/{name}", callback, qos_profile=EVERY_CALL, callback_group=callback_group
        )


@contextmanager
def _refusals(request: Any, response: Any) -> Iterator[None]:
    """What keeps a scan from being shown becomes code and message of the response."""
    try:
        yield
    except _AbsentError as error:
        response.code, response.message = StoreCode.NO_SCAN, str(error)
    except (DenseGraspError, OSError) as error:
        response.code = StoreCode.STORE_ERROR
        response.message = f"the scan of {request.object_id} cannot be read: {error}"


def _fill(image: CompressedImage, header: Header, png: bytes) -> None:
    if png:
        image.header, image.format, image.data = header, "png", byte_array(np.frombuffer(png, np.uint8))


def _mask_png(view: ScanView) -> bytes:
    done, png = cv2.imencode(".png", view.mask.astype(np.uint8) * 255)
    return png.tobytes() if done else b""


def _depth_png(view: ScanView) -> bytes:
    """Empty for a view without any depth."""
    depth_mm = np.rint(view.depth * 1000.0)
    known = np.where(depth_mm <= np.iinfo(np.uint16).max, depth_mm, 0.0).astype(np.uint16)
    done, png = cv2.imencode(".png", known) if known.any() else (False, None)
    return png.tobytes() if done and png is not None else b""
