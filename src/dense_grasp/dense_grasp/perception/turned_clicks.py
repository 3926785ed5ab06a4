"""Keypoints without a scan, found however the camera is turned: the picture each was taught on, described in turns.

The store keeps what it kept: turns are described from the stored pictures by whoever asks first, and held in memory.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.turned_click import SIDE, TurnedClick, describe_turned
from dense_grasp_core.store import Row

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.keypoint_networks import Finders, KeypointNetworks, network_of
from dense_grasp.perception.loaded_networks import NetworkError
from dense_grasp.perception.scanned_keypoints import is_posed
from dense_grasp.perception.store_access import StoreAccess

#: Samples held: 0.25 MB each.
_MOST_HELD = 256
_WARNING_PERIOD_S = 10.0
_LOADING_S = 30.0  # that a question waits for the network of a sample to be loaded


class TurnedClicks:
    """Safe to use from threads.

    turns: in which a sample is described, 0 for none: rows stay as they are. networks: of the keypoints, which describe
    their stored pictures.
    """

    def __init__(self, turns: int, store: StoreAccess, networks: KeypointNetworks, logger: Any):
        self._turns, self._store, self._networks, self._logger = turns, store, networks, logger
        self._held: OrderedDict[tuple[int, str, float], TurnedClick] = OrderedDict()
        self._lock = threading.Lock()
        self._describing = threading.Lock()  # seconds; nobody describes what another one describes

    def in_frame(self, rows: Sequence[Row], frame: CameraFrame, finders: Finders) -> list[Row]:
        """The rows as they look in a frame: each sample's descriptor is that of the turn in which the frame shows it.

        finders: of the rows in this frame. What cannot be described anew, a sample without its picture or of a network
        that finds nothing here, stays as it is.
        """
        if not self._turns:
            return list(rows)
        grids: dict[str, DescriptorGrid] = {}
        for model_id, by in finders.items():
            try:
                if not isinstance(by, NetworkError):
                    grids[model_id] = by.grid(frame)
            except DenseGraspError:  # whoever looks for the rows says so
                continue
        return [row if is_posed(row) else self._as_shown(row, network_of(row, frame.model_id), grids) for row in rows]

    def _as_shown(self, row: Row, model_id: str, grids: Mapping[str, DescriptorGrid]) -> Row:
        further = tuple(self._as_shown(sample, model_id, grids) for sample in row.further)
        grid = grids.get(model_id)
        if grid is None or (row.model_id, row.dimension) != (model_id, grid.dimension) or not row.picture_bytes:
            return replace(row, further=further)
        click = self._click(row)
        descriptor = row.descriptor if click is None else click.descriptor_in(grid)
        return replace(row, descriptor=descriptor, further=further)

    def _click(self, row: Row) -> TurnedClick | None:
        key = row.id, row.model_id, row.created
        click = self._known(key)
        if click is not None:
            return click
        name = f"{row.object_id}/{row.keypoint}"
        with self._describing:
            click = self._known(key)
            if click is not None:
                return click
            began = time.monotonic()
            try:
                click = self._described(row)
            except DenseGraspError as error:
                self._logger.warning(
                    f"{name} is looked for as it was taught, in no other turn: {error}",
                    throttle_duration_sec=_WARNING_PERIOD_S,
                )
                return None
            self._logger.info(f"{name} is described in {self._turns} turns, in {time.monotonic() - began:.1f} s")
            with self._lock:
                self._held[key] = click
                while len(self._held) > _MOST_HELD:
                    self._held.popitem(last=False)
        return click

    def _known(self, key: tuple[int, str, float]) -> TurnedClick | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def _described(self, row: Row) -> TurnedClick:
        network = self._networks.get(row, (SIDE, SIDE), _LOADING_S)
        _, png = self._store.run(lambda store: store.picture(row.object_id, row.keypoint, row.sample))
        image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise DenseGraspError("its stored picture is no image; teach it again")
        rgb = np.ascontiguousarray(image[..., ::-1], np.uint8)
        return describe_turned(rgb, (row.u, row.v), network.describe, network.stride, self._turns)
