"""Teaching a further point on a picture that the store keeps: no object has to be before the camera."""

from __future__ import annotations

import math

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.matching.redescribe import NewNetwork, RedescribeError, described_picture
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import NoPictureError, Row, StoreError

from dense_grasp.perception.click_network import ClickNetwork
from dense_grasp.perception.loaded_networks import NetworkError
from dense_grasp.perception.running_network import OtherNetworkError, RunningNetwork
from dense_grasp.perception.scan_teaching import Taught
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp_interfaces.srv import RegisterDescriptor


class PictureTeaching:
    """Clicks on the pictures of taught keypoints, described by the network that `clicks` says, or the one that runs."""

    def __init__(self, store: StoreAccess, running: RunningNetwork, clicks: ClickNetwork):
        self._store, self._running, self._clicks = store, running, clicks

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
            network, reason = self._network(request, row)
            grid, rgb = described_picture(row, png, network)
        except RedescribeError as error:
            return StoreCode.NO_PICTURE, str(error), {}
        except OtherNetworkError as error:
            return StoreCode.INVALID_REQUEST, str(error), {}
        except NetworkError as error:
            return StoreCode(error.code), str(error), {}
        except StoreError as error:
            return code_of(error), str(error), {}
        except DenseGraspError as error:
            return StoreCode.NOT_SUPPORTED, str(error), {}
        values = {"descriptor": grid.sample(u, v), "rgb": rgb, "camera": row.camera}
        return StoreCode.OK, reason, {**values, "model_id": network.model_id, "network": network.name}

    def _network(self, request: RegisterDescriptor.Request, row: Row) -> tuple[NewNetwork, str]:
        """What describes a click on the picture of `row`, and what to add to the answer's sentence."""
        size = (row.camera.height, row.camera.width) if row.camera is not None else (0, 0)
        other, reason = self._clicks.of(request, size, self._clicks.running)
        if other is None:
            return self._running.get(), reason
        return NewNetwork(other.describe, other.file.info.model_id, other.file.name, other.stride, Limits()), reason
