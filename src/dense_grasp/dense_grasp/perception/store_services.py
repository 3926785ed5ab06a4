"""The services that write and read the descriptor store: register, list, delete."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.store import (
    MAX_ROWS,
    AlreadyExistsError,
    DescriptorStore,
    Entry,
    InvalidNameError,
    Row,
    StoreError,
    UnknownKeypointError,
    check_name,
)

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp_interfaces.msg import Descriptor
from dense_grasp_interfaces.srv import DeleteDescriptor, ListDescriptors, RegisterDescriptor

PATCH_PX = 64
DAMAGED_SHOWN = 5
FrameSource = Callable[[], tuple[CameraFrame | None, int, str]]


def row_message(row: Row | Entry) -> Descriptor:
    """A row of the store as a message, without its vector."""
    message = Descriptor(id=row.id, object_id=row.object_id, keypoint=row.keypoint, model_id=row.model_id)
    message.dimension = row.dimension
    message.u, message.v = row.u, row.v
    if row.camera is not None:
        message.image_width, message.image_height = row.camera.width, row.camera.height
    message.created.sec = math.floor(row.created)
    message.created.nanosec = int((row.created - math.floor(row.created)) * 1e9)
    return message


def patch_png(rgb: np.ndarray | None, u: float, v: float) -> bytes:
    """The surroundings of a click as a PNG of at most 64x64 px, cut at the border; empty without an image."""
    if rgb is None:
        return b""
    column, row, half = round(u), round(v), PATCH_PX // 2
    patch = rgb[max(0, row - half) : row + half, max(0, column - half) : column + half]
    done, png = cv2.imencode(".png", patch[..., ::-1])
    return png.tobytes() if done else b""


class DescriptorServices:
    """Handlers of the three services. `fresh_frame()` gives the newest frame, or None with a code and a reason."""

    def __init__(self, store: StoreAccess, fresh_frame: FrameSource):
        self._store = store
        self._fresh_frame = fresh_frame

    def register(
        self, request: RegisterDescriptor.Request, response: RegisterDescriptor.Response
    ) -> RegisterDescriptor.Response:
        """Store the descriptor of a pixel of the newest frame."""
        response.code, response.message, row = self._register(request)
        if row is not None:
            response.descriptor = row_message(row)
        return response

    def _register(self, request: RegisterDescriptor.Request) -> tuple[int, str, Row | None]:
        codes = RegisterDescriptor.Response
        try:
            check_name("object_id", request.object_id)
            check_name("keypoint", request.keypoint)
        except InvalidNameError as error:
            return codes.INVALID_NAME, str(error), None
        frame, code, reason = self._fresh_frame()
        if frame is None:
            return code, reason, None
        u, v = request.u, request.v
        try:
            if not (math.isfinite(u) and math.isfinite(v) and frame.camera.contains(u, v)):
                size = f"{frame.camera.width}x{frame.camera.height}"
                return codes.PIXEL_OUTSIDE, f"pixel is ({u:g}, {v:g}), expected one inside the {size} image", None
            descriptor = frame.grid.sample(u, v)
            patch = patch_png(frame.rgb, u, v)
            camera = frame.camera
        except DenseGraspError as error:
            return codes.NO_FRAME, str(error), None

        def add(store: DescriptorStore) -> Row:
            return store.add(
                request.object_id,
                request.keypoint,
                descriptor,
                model_id=frame.model_id,
                u=u,
                v=v,
                patch=patch,
                overwrite=request.overwrite,
                camera=camera,
            )

        try:
            row = self._store.run(add)
        except AlreadyExistsError as error:
            return codes.ALREADY_EXISTS, str(error), None
        except StoreError as error:
            return codes.STORE_ERROR, str(error), None
        return codes.OK, f"stored {row.object_id}/{row.keypoint} of model {row.model_id}", row

    def list(self, request: ListDescriptors.Request, response: ListDescriptors.Response) -> ListDescriptors.Response:
        """Rows of one object or of all."""
        try:
            limit = min(request.limit or MAX_ROWS, MAX_ROWS)
            page = self._store.run(lambda store: store.list(request.object_id, request.offset, limit))
        except StoreError as error:
            response.code, response.message = ListDescriptors.Response.STORE_ERROR, str(error)
            return response
        response.descriptors = [row_message(entry) for entry in page.entries]
        response.total = page.total
        response.message = f"{len(page.entries)} of {page.total} descriptors"
        if page.damaged:
            named = "; ".join(page.damaged[:DAMAGED_SHOWN])
            response.message += f"; {len(page.damaged)} left out: {named}; teach these again, or delete them"
        return response

    def delete(
        self, request: DeleteDescriptor.Request, response: DeleteDescriptor.Response
    ) -> DeleteDescriptor.Response:
        """Remove one keypoint, or every keypoint of an object."""
        try:
            response.deleted = self._store.run(lambda store: store.delete(request.object_id, request.keypoint))
        except UnknownKeypointError as error:
            response.code, response.message = DeleteDescriptor.Response.UNKNOWN_KEYPOINT, str(error)
        except StoreError as error:
            response.code, response.message = DeleteDescriptor.Response.STORE_ERROR, str(error)
        else:
            response.message = f"removed {response.deleted} descriptors"
        return response
