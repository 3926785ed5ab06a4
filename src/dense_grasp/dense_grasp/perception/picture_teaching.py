"""Teaching a further point on a picture that the store keeps: no object has to be before the camera."""

from __future__ import annotations

import math

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.redescribe import RedescribeError, described_picture
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import NoPictureError, StoreError

from dense_grasp.perception.running_network import OtherNetworkError, RunningNetwork
from dense_grasp.perception.scan_teaching import Taught
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp_interfaces.srv import RegisterDescriptor


class PictureTeaching:
    """Clicks on the pictures of taught keypoints, described by the network that runs."""

    def __init__(self, store: StoreAccess, network: RunningNetwork):
        self._store, self._network = store, network

    def in_picture(self, request: RegisterDescriptor.Request) -> Taught:
        """Code, reason, and what the store keeps of a click on the first picture of `source_keypoint`."""
        try:
            row, png = self._store.run(lambda store: store.picture(request.object_id, request.source_keypoint))
        except NoPictureError as error:
            return StoreCode.NO_PICTURE, str(error), {}
        except StoreError as error:
            return code_of(error), str(error), {}
        u, v = request.u, request.v
        if row.camera is not None and not (math.isfinite(u) and math.isfinite(v) and row.camera.contains(u, v)):
            size = f"{row.camera.width}x{row.camera.height}"
            return StoreCode.PIXEL_OUTSIDE, f"pixel is ({u:g}, {v:g}), expected one inside the {size} picture", {}
        try:
            network = self._network.get()
            grid, rgb = described_picture(row, png, network)
        except RedescribeError as error:
            return StoreCode.NO_PICTURE, str(error), {}
        except OtherNetworkError as error:
            return StoreCode.INVALID_REQUEST, str(error), {}
        except DenseGraspError as error:
            return StoreCode.NOT_SUPPORTED, str(error), {}
        values = {"descriptor": grid.sample(u, v), "rgb": rgb, "camera": row.camera}
        return StoreCode.OK, "", {**values, "model_id": network.model_id, "network": network.name}
