"""The network that describes the images, loaded beside it for stored pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.redescribe import NewNetwork

from dense_grasp.perception.new_network import new_network

_ONE_THREAD = 1  # of the CPU: the cell has the others


class OtherNetworkError(DenseGraspError):
    """The images are described by another network than the one that is loaded here."""


class RunningNetwork:
    """Loaded by the first who asks. model: file of the network, "" for none; described_by(): id of the network that
    described the newest image, "" before one came. Thread-safe.
    """

    def __init__(self, model: str, described_by: Callable[[], str], logger: Any):
        self._model, self._described_by, self._logger = model, described_by, logger
        self._network: NewNetwork | None = None
        self._lock = threading.Lock()

    def get(self) -> NewNetwork:
        """Raises OtherNetworkError, and DenseGraspError without a network."""
        with self._lock:
            network = self._loaded()
        running = self._described_by()
        if running and running != network.model_id:
            raise OtherNetworkError(
                f"the images are described by network {running}, and the file that query_node knows ({self._model}) is "
                f"{network.model_id}, expected the same: start both with one model:="
            )
        return network

    def _loaded(self) -> NewNetwork:
        if not self._model:
            raise DenseGraspError("query_node's parameter model is empty, expected the file of the network that runs")
        if self._network is None:
            self._network, note = new_network(self._model, threads=_ONE_THREAD)
            if note:
                self._logger.warning(note)
        return self._network
