"""By which network each keypoint is found: by the one that described it, whichever describes the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.locate import Limits, WorkspaceBox
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Entry, Row, comparable_descriptors
from dense_grasp_ros.diagnostics import Report

from dense_grasp.arm.robot_settings import check_box
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.loaded_networks import LoadedNetwork, LoadedNetworks, NetworkError
from dense_grasp.perception.matches import FoundBy, by_the_frame, failed_match, locate_rows
from dense_grasp.perception.network_files import NetworkFile, NetworkFiles, network_places
from dense_grasp.perception.score_calibration import CALIBRATED, UncalibratedError, calibrated, own_calibration
from dense_grasp.ros.reports import networks_report
from dense_grasp_interfaces.msg import KeypointMatch

#: What finds the rows of each network, by its id; or why nothing does.
Finders = Mapping[str, FoundBy | NetworkError]
_REMEDY = "describe the point for the network that runs (`ros2 run dense_grasp redescribe`), or teach it again"


def network_of(row: Row, running: str) -> str:
    """Id of the network that a keypoint is found by: the one that runs where it described a sample, else its own."""
    return running if any(each.model_id == running for each in (row, *row.further)) else row.model_id


def named(row: Row | Entry) -> str:
    """A row's network for a sentence."""
    return f"{row.network} ({row.model_id})" if row.network else row.model_id


class KeypointNetworks:
    """Finds keypoints by their networks. Safe to use from threads.

    values: parameters of query_node. described_by(): id of the network that described the newest image, "" before one
    came. log: told what is loaded. Raises ParameterError, ModelFileError, and UncalibratedError for `model`.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        described_by: Callable[[], str],
        log: Callable[[str], object] = lambda note: None,
    ):
        check_box(values, "workspace")
        self._any = Limits(
            depth_radius_px=values["depth_radius"],
            min_valid_depth=values["depth_min_valid"],
            workspace=WorkspaceBox(tuple(values["workspace_min"]), tuple(values["workspace_max"])),
        )
        self._allow_uncalibrated = values["allow_uncalibrated"]
        chosen = {name: values[name] for name in CALIBRATED}
        #: Of the network of `model`: the scores that the operator chose hold for it alone.
        self.limits = calibrated(self._any, chosen, values["model"], self._allow_uncalibrated)
        self._own_id = read_info(values["model"]).model_id if values["model"] else ""
        self._described_by = described_by
        self._files = NetworkFiles(network_places(values))
        self._loaded = LoadedNetworks(log)

    def close(self) -> None:
        """Load nothing any more: the node ends."""
        self._loaded.close()

    @property
    def running(self) -> str:
        """Id of the network that describes the images; before one came, of `model`; "" where that is empty."""
        return self._described_by() or self._own_id

    @property
    def loaded(self) -> list[LoadedNetwork]:
        """The networks that are loaded here."""
        return self._loaded.loaded()

    @property
    def found_ids(self) -> list[str]:
        """Ids of the networks that keypoints can be found by."""
        return list(dict.fromkeys(([self.running] if self.running else []) + self._files.ids()))

    def report(self) -> Report:
        """For /diagnostics."""
        loaded = [(network.file.name, network.file.info.model_id, network.described) for network in self.loaded]
        return networks_report(self.running, loaded, self.found_ids)

    def get(self, row: Row | Entry, size: tuple[int, int], timeout: float) -> LoadedNetwork:
        """The network that described a row, ready for pictures of `size`, height and width in px.

        Raises NetworkError: MODEL_MISMATCH where it is nowhere or cannot be used, BUSY as `LoadedNetworks.get`.
        """
        return self._loaded.get(self._file(row.model_id), timeout, size)

    def need_colour(self, rows: Sequence[Row], frame: CameraFrame) -> bool:
        """Whether some of them are found by another network than the one that described the frame."""
        return any(network_of(row, frame.model_id) != frame.model_id for row in rows)

    def finders(self, rows: Sequence[Row], frame: CameraFrame, timeout: float) -> Finders:
        """What finds the rows in a frame, by the id of its network; waits at most `timeout` s for one to be loaded."""
        ids = dict.fromkeys(network_of(row, frame.model_id) for row in rows)
        return {model_id: self._finder(model_id, frame, timeout) for model_id in ids}

    def locate(
        self,
        frame: CameraFrame,
        rows: Sequence[Row],
        finders: Finders,
        base_frame: str,
        base_from_camera: np.ndarray | None,
        no_transform: str = "",
    ) -> list[KeypointMatch]:
        """A match of each row, in order, by the finders of this frame. Arguments as `locate_rows`."""
        matches: list[KeypointMatch | None] = [None] * len(rows)
        for model_id, by in finders.items():
            places = [place for place, row in enumerate(rows) if network_of(row, frame.model_id) == model_id]
            own = [rows[place] for place in places]
            if isinstance(by, NetworkError):
                found = [_refused(row, by, base_frame) for row in own]
            else:
                found = locate_rows(frame, own, by, base_frame, base_from_camera, no_transform)
            for place, match in zip(places, found, strict=True):
                matches[place] = match
        return [match for match in matches if match is not None]

    def heat(self, row: Row, frame: CameraFrame, finders: Finders) -> np.ndarray | None:
        """(H, W) scores, 0..1, of a row in a frame; None where nothing finds it, of which its match says why."""
        by = finders.get(network_of(row, frame.model_id))
        if by is None or isinstance(by, NetworkError):
            return None
        try:
            grid = by.grid(frame)
            return by.limits.score_image(grid, comparable_descriptors(row, by.model_id, grid.dimension))
        except DenseGraspError:
            return None

    def _finder(self, model_id: str, frame: CameraFrame, timeout: float) -> FoundBy | NetworkError:
        try:
            if model_id == frame.model_id:
                return by_the_frame(frame, self._limits_of_frame(frame))
            file = self._file(model_id)
            limits = self._limits_of(file)
            network = self._loaded.get(file, timeout, (frame.camera.height, frame.camera.width))
        except NetworkError as error:
            return error
        except DenseGraspError as error:
            return NetworkError(MatchCode.NO_FRAME, str(error))
        return FoundBy(model_id, limits, network.grid)

    def _limits_of_frame(self, frame: CameraFrame) -> Limits:
        if self._own_id in ("", frame.model_id):
            return self.limits
        return self._limits_of(self._file(frame.model_id))

    def _limits_of(self, file: NetworkFile) -> Limits:
        try:
            return own_calibration(self._any, file.info, str(file.path), self._allow_uncalibrated)
        except UncalibratedError as error:
            raise NetworkError(MatchCode.MODEL_MISMATCH, f"{error}; or {_REMEDY}") from error

    def _file(self, model_id: str) -> NetworkFile:
        file = self._files.find(model_id)
        if file is None:
            raise NetworkError(
                MatchCode.MODEL_MISMATCH,
                f"no file of that network is in {self._files.where()}, and the images are described by "
                f"{self.running or 'none yet'}: put its file there, name it in query_node's further_models, {_REMEDY}",
            )
        return file


def _refused(row: Row, error: NetworkError, base_frame: str) -> KeypointMatch:
    name = f"{row.object_id}/{row.keypoint}"
    reason = f"{name} was taught with network {named(row)}: {error}" if error.code != MatchCode.NO_FRAME else str(error)
    return failed_match(row.object_id, row.keypoint, error.code, reason, base_frame)
