"""The services that write and read the descriptor store: register, list, show, rename, delete, restore."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import (
    MAX_ROWS,
    DescriptorStore,
    Entry,
    InvalidNameError,
    Row,
    StoreError,
    check_name,
)
from dense_grasp_core.wording import counted, some_of
from dense_grasp_ros.images import byte_array
from geometry_msgs.msg import Point
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from dense_grasp.perception.click_network import ClickNetwork
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.keypoint_networks import KeypointNetworks
from dense_grasp.perception.messages import info_from_camera
from dense_grasp.perception.network_files import without_network
from dense_grasp.perception.picture_teaching import PictureTeaching
from dense_grasp.perception.scan_teaching import ScanTeaching, Taught
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp_interfaces.msg import TaughtKeypoint
from dense_grasp_interfaces.srv import (
    DeleteDescriptor,
    GetPicture,
    ListDescriptors,
    RegisterDescriptor,
    RenameKeypoint,
    RestoreDescriptor,
)

#: zlib's level 1 takes a third of the time of cv2's own 3, for some percent more bytes.
PNG_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
NAMED = 5
FrameSource = Callable[[], tuple[CameraFrame | None, int, str]]


def row_message(row: Row | Entry, is_current: bool = True) -> TaughtKeypoint:
    """A row of the store as a message, without its vector. is_current: its point is one of the scan that there is."""
    message = TaughtKeypoint(id=row.id, object_id=row.object_id, keypoint=row.keypoint, model_id=row.model_id)
    message.dimension = row.dimension
    message.network, message.has_picture = row.network, row.picture_bytes > 0
    x, y, z = row.object_point if row.object_point and is_current else (math.nan, math.nan, math.nan)
    message.object_point = Point(x=x, y=y, z=z)
    message.scan_view = -1 if row.scan_view is None else row.scan_view
    message.u, message.v = row.u, row.v
    if row.camera is not None:
        message.image_width, message.image_height = row.camera.width, row.camera.height
    message.created = time_message(row.created)
    message.samples = row.samples if isinstance(row, Entry) else row.sample + 1
    return message


def time_message(seconds: float) -> Time:
    """Seconds since 1970 as a message."""
    return Time(sec=math.floor(seconds), nanosec=int((seconds - math.floor(seconds)) * 1e9))


def picture_png(rgb: np.ndarray | None) -> bytes:
    """The whole image as PNG, empty without one.

    Without loss: another network is to see what this one saw, and a network shown the same picture twice describes it
    the same. 0.3 to 0.5 MB at 640x480.
    """
    if rgb is None:
        return b""
    done, png = cv2.imencode(".png", rgb[..., ::-1], PNG_FAST)
    return png.tobytes() if done else b""


def refused_fields(request: RegisterDescriptor.Request) -> tuple[int, str]:
    """Code and sentence for what a request asks for and nobody does; OK without a sentence when there is nothing."""
    if request.source not in (request.NEWEST_IMAGE, request.SCAN_VIEW, request.STORED_PICTURE):
        known = "NEWEST_IMAGE (0), SCAN_VIEW (1) or STORED_PICTURE (2)"
        return StoreCode.INVALID_REQUEST, f"source is {request.source}, expected {known}"
    if request.add_sample and request.overwrite:
        return StoreCode.INVALID_REQUEST, "overwrite and add_sample are true, expected at most one of them"
    return StoreCode.OK, ""


class DescriptorServices:
    """Handlers of the store's services. `fresh_frame()` gives the newest frame, or None with a code and a reason.

    scans: teaches points of objects that have a scan, which go before all others; pictures: on stored pictures; clicks:
    on frames. networks: by which keypoints are found.
    """

    def __init__(
        self,
        store: StoreAccess,
        fresh_frame: FrameSource,
        scans: ScanTeaching,
        pictures: PictureTeaching,
        clicks: ClickNetwork,
        networks: KeypointNetworks,
    ):
        self._store, self._scans, self._pictures, self._clicks = store, scans, pictures, clicks
        self._networks = networks
        self._fresh_frame = fresh_frame

    def register(
        self, request: RegisterDescriptor.Request, response: RegisterDescriptor.Response
    ) -> RegisterDescriptor.Response:
        """Store the descriptor of a pixel of the newest frame."""
        response.code, response.message, row = self._register(request)
        if row is not None:
            response.taught = row_message(row)
        return response

    def _register(self, request: RegisterDescriptor.Request) -> tuple[int, str, Row | None]:
        codes = RegisterDescriptor.Response
        code, reason = refused_fields(request)
        if code != codes.OK:
            return code, reason, None
        try:
            check_name("object_id", request.object_id)
            check_name("keypoint", request.keypoint)
        except InvalidNameError as error:
            return codes.INVALID_NAME, str(error), None
        code, note, values = self._described(request)
        if code != codes.OK:
            return code, note, None
        picture = picture_png(values.pop("rgb"))

        def add(store: DescriptorStore) -> Row:
            place = {"u": request.u, "v": request.v, "overwrite": request.overwrite, "picture": picture}
            return store.add(request.object_id, request.keypoint, as_sample=request.add_sample, **place, **values)

        try:
            row = self._store.change(add)
        except StoreError as error:
            return code_of(error), str(error), None
        stored = f"stored {row.object_id}/{row.keypoint} of model {row.model_id}{note}"
        if row.sample:
            stored += f" as sample {row.sample}"
        if row.object_point is not None:
            stored += " at ({:.4f}, {:.4f}, {:.4f}) m of the scanned object".format(*row.object_point)
        if not picture:
            stored += "; its colour image did not arrive, so no other network can describe it anew: teach it once more"
        return codes.OK, stored, row

    def _described(self, request: RegisterDescriptor.Request) -> Taught:
        """Code, reason (with OK what to add to the sentence), and what the store keeps of the click: fields of
        `DescriptorStore.add`, and rgb, the image.
        """
        codes = RegisterDescriptor.Response
        if request.source == request.SCAN_VIEW:
            return self._scans.in_view(request)
        if request.source == request.STORED_PICTURE:
            if self._scans.teaches(request):
                has_scan = f"{request.object_id} has a scan, and a point of it is a place on the scan"
                return codes.NOT_SUPPORTED, f"{has_scan}: click in one of its pictures, SCAN_VIEW (1)", {}
            return self._pictures.in_picture(request)
        frame, code, reason = self._fresh_frame()
        if frame is None:
            return code, reason, {}
        u, v = request.u, request.v
        try:
            if not (math.isfinite(u) and math.isfinite(v) and frame.camera.contains(u, v)):
                size = f"{frame.camera.width}x{frame.camera.height}"
                return codes.PIXEL_OUTSIDE, f"pixel is ({u:g}, {v:g}), expected one inside the {size} image", {}
        except DenseGraspError as error:
            return codes.NO_FRAME, str(error), {}
        if self._scans.teaches(request):
            return self._scans.in_frame(request, frame)
        return self._clicks.in_frame(request, frame)

    def list(self, request: ListDescriptors.Request, response: ListDescriptors.Response) -> ListDescriptors.Response:
        """Rows of one object or of all."""
        try:
            limit = min(request.limit or MAX_ROWS, MAX_ROWS)
            page = self._store.run(lambda store: store.list(request.object_id, request.offset, limit))
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
            return response
        response.taught = [row_message(entry, self._scans.is_current(entry)) for entry in page.entries]
        response.total = page.total
        response.message = f"{len(page.entries)} of {page.total} descriptors"
        lost = without_network(page.entries, self._networks.found_ids)
        if lost:
            names = some_of([f"{entry.object_id}/{entry.keypoint}" for entry in lost], NAMED)
            response.message += f"; {len(lost)} taught with a network that is nowhere, and not found therefore: {names}"
        if page.damaged:
            named = "; ".join(page.damaged[:NAMED])
            response.message += f"; {len(page.damaged)} left out: {named}; teach these again, or delete them"
        return response

    def picture(self, request: GetPicture.Request, response: GetPicture.Response) -> GetPicture.Response:
        """The whole picture that a keypoint was taught on."""
        try:
            row, png = self._store.run(lambda store: store.picture(request.object_id, request.keypoint, request.sample))
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
        else:
            response.message = f"{row.object_id}/{row.keypoint} was clicked at ({row.u:.1f}, {row.v:.1f})"
            response.u, response.v = row.u, row.v
            header = Header(stamp=time_message(row.created))
            response.image = CompressedImage(header=header, format="png", data=byte_array(np.frombuffer(png, np.uint8)))
            if row.camera is not None:
                response.camera_info = info_from_camera(row.camera, header)
        return response

    def rename(self, request: RenameKeypoint.Request, response: RenameKeypoint.Response) -> RenameKeypoint.Response:
        """Give a keypoint, or an object, another name."""
        try:
            response.renamed = self._store.change(
                lambda store: store.rename(request.object_id, request.keypoint, request.new_name)
            )
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
        else:
            response.message = f"renamed {counted(response.renamed, 'keypoint')}"
        return response

    def delete(
        self, request: DeleteDescriptor.Request, response: DeleteDescriptor.Response
    ) -> DeleteDescriptor.Response:
        """Remove one keypoint, its last sample, or every keypoint of an object."""
        names = request.object_id, request.keypoint
        try:
            response.deleted = self._store.change(lambda store: store.delete(*names, last_sample=request.last_sample))
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
        else:
            what = "the last sample" if request.last_sample else counted(response.deleted, "keypoint")
            response.message = f"removed {what}"
        return response

    def restore(
        self, request: RestoreDescriptor.Request, response: RestoreDescriptor.Response
    ) -> RestoreDescriptor.Response:
        """Take the last deletion of a keypoint, or of keypoints of an object, back."""
        names = request.object_id, request.keypoint
        try:
            response.restored = self._store.change(lambda store: store.restore(*names, overwrite=request.overwrite))
        except StoreError as error:
            response.code, response.message = code_of(error), str(error)
        else:
            response.message = f"restored {counted(response.restored, 'sample')}"
        return response
