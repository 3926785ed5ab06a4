"""Which network describes a click: the points of an object without a scan come from one network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import MatchCode, StoreCode
from dense_grasp_core.store import DescriptorStore, Entry, StoreError

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.keypoint_networks import KeypointNetworks, named
from dense_grasp.perception.loaded_networks import LoadedNetwork, NetworkError
from dense_grasp.perception.scan_teaching import Taught
from dense_grasp.perception.store_access import StoreAccess, code_of
from dense_grasp_interfaces.srv import RegisterDescriptor


def taught_by(entries: Sequence[Entry], keypoint: str, is_sample: bool, running: str) -> Entry | None:
    """A point of the object whose network is to describe a click as `keypoint`; None: the network that runs.

    entries: of the object. A sample is described by the network of its keypoint; another click by that of the object's
    other points, of the one taught last where they have several and none is the one that runs. So a new object, and
    the only point of one that is taught again, are described by the network that runs.
    """
    alone = [entry for entry in entries if entry.object_point is None]
    meant = [entry for entry in alone if (entry.keypoint == keypoint) == is_sample]
    if not meant or any(entry.model_id == running for entry in meant):
        return None
    return max(meant, key=lambda entry: entry.created)


class ClickNetwork:
    """Describes clicks by the network of their object. timeout: s of wall clock that a click waits for a network."""

    def __init__(self, store: StoreAccess, networks: KeypointNetworks, timeout: float):
        self._store, self._networks, self._timeout = store, networks, timeout

    @property
    def running(self) -> str:
        """Id of the network that runs."""
        return self._networks.running

    def of(
        self, request: RegisterDescriptor.Request, size: tuple[int, int], running: str
    ) -> tuple[LoadedNetwork | None, str]:
        """The network that describes a click on a picture of `size`, height and width in px; None: the one that runs.
        And what to add to the sentence of the answer.

        Raises StoreError, and NetworkError while it is being loaded, or for a sample whose network is nowhere.
        """

        def read(store: DescriptorStore) -> Sequence[Entry]:
            return store.list(request.object_id).entries

        entry = taught_by(self._store.run(read), request.keypoint, request.add_sample, running)
        if entry is None:
            return None, ""
        other = f"{entry.object_id}/{entry.keypoint}"
        name = f"{other} was taught with network {named(entry)}"
        try:
            return self._networks.get(entry, size, self._timeout), f", the network that {other} was taught with"
        except NetworkError as error:
            if error.code == MatchCode.BUSY:
                raise
            if request.add_sample:
                raise NetworkError(
                    MatchCode.INVALID_REQUEST, f"{name}, expected one network for all its samples: {error}"
                ) from error
            return None, f"; {name}, which cannot describe this point: {error}"

    def in_frame(self, request: RegisterDescriptor.Request, frame: CameraFrame) -> Taught:
        """Code, reason, and what the store keeps of a click on a frame, by the pixel's descriptor."""
        try:
            camera = frame.camera
            network, reason = self.of(request, (camera.height, camera.width), frame.model_id)
            grid = frame.grid if network is None else network.grid(frame)
            values: dict[str, Any] = {
                "descriptor": grid.sample(request.u, request.v),
                "rgb": frame.rgb,
                "camera": camera,
            }
        except NetworkError as error:
            return StoreCode(error.code), str(error), {}
        except StoreError as error:
            return code_of(error), str(error), {}
        except DenseGraspError as error:
            return StoreCode.NO_FRAME, str(error), {}
        if network is None:
            return StoreCode.OK, reason, {**values, "model_id": frame.model_id, "network": frame.network}
        return StoreCode.OK, reason, {**values, "model_id": network.file.info.model_id, "network": network.file.name}
