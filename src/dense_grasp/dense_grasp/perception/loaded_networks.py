"""Networks that are loaded beside the one that describes the images, when a keypoint of theirs is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from weakref import ReferenceType, ref

import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.result_codes import MatchCode

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.network_files import NetworkFile

#: Networks that are kept loaded; of a further one the least recently used makes room. Each takes some 100 MB.
MOST_LOADED = 2


class NetworkError(DenseGraspError):
    """A keypoint's network cannot be used: `code` is that of the answer."""

    def __init__(self, code: MatchCode, message: str):
        super().__init__(message)
        self.code = code


class LoadedNetwork:
    """A network that is ready. Describes one picture at a time, and each frame once. Safe to use from threads."""

    def __init__(self, file: NetworkFile):
        self.file = file
        self._extractor = DescriptorExtractor(file.path)
        self._lock = threading.Lock()
        self._last: tuple[ReferenceType[CameraFrame], DescriptorGrid] | None = None
        self._sizes: set[tuple[int, int]] = set()
        #: Pictures described since it was loaded.
        self.described = 0

    def prepare(self, size: tuple[int, int]) -> None:
        """Get ready for pictures of this height and width, px: seconds for a new size."""
        with self._lock:
            if size not in self._sizes:
                self._extractor(np.zeros((*size, 3), np.uint8))
                self._sizes.add(size)

    def is_prepared(self, size: tuple[int, int]) -> bool:
        """Whether pictures of this height and width, px, are described at once."""
        return size in self._sizes

    @property
    def stride(self) -> float:
        """Pixels per cell."""
        return self._extractor.stride

    def describe(self, rgb: np.ndarray) -> np.ndarray:
        """Descriptors (h, w, D) of a picture (H, W, 3) uint8 in RGB. Raises ExtractorError."""
        with self._lock:
            return self._described(rgb)

    def grid(self, frame: CameraFrame) -> DescriptorGrid:
        """The descriptors of a frame's colour image.

        Raises NetworkError NO_FRAME without one, and what an undecodable image raises.
        """
        rgb = frame.rgb
        if rgb is None:
            raise NetworkError(
                MatchCode.NO_FRAME,
                f"the colour image of stamp {frame.stamp} ns was lost on the way, network {self.file.name} needs it",
            )
        with self._lock:
            if self._last is None or self._last[0]() is not frame:
                self._last = ref(frame), DescriptorGrid.from_array(self._described(rgb), self.stride, rgb.shape[:2])
            return self._last[1]

    def _described(self, rgb: np.ndarray) -> np.ndarray:
        self.described += 1
        return self._extractor(rgb)


class LoadedNetworks:
    """Loads networks on demand, in a thread of its own. Safe to use from threads. log: told what is loaded."""

    def __init__(self, log: Callable[[str], object] = lambda note: None, most: int = MOST_LOADED):
        self._log, self._most = log, most
        self._lock = threading.Lock()
        self._loading: dict[Path, Future[LoadedNetwork]] = {}  # the last used one comes last
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="network")

    def close(self) -> None:
        """Load nothing any more: the node ends."""
        self._loader.shutdown(wait=True, cancel_futures=True)

    def loaded(self) -> list[LoadedNetwork]:
        """What is loaded now."""
        with self._lock:
            futures = list(self._loading.values())
        return [future.result() for future in futures if future.done() and not _failure(future)]

    def get(self, file: NetworkFile, timeout: float, size: tuple[int, int]) -> LoadedNetwork:
        """The network of a file, ready for pictures of `size`, height and width in px.

        Waits at most `timeout` s of wall clock. Raises NetworkError: BUSY while it is being loaded, MODEL_MISMATCH for
        a file that cannot be used.
        """
        end = time.monotonic() + timeout
        try:
            network = self._future(file).result(timeout)
            if not network.is_prepared(size):
                self._loader.submit(network.prepare, size).result(max(0.0, end - time.monotonic()))
        except NotYet as error:
            raise NetworkError(
                MatchCode.BUSY, f"network {file.name} is being loaded from {file.path}; ask again in some seconds"
            ) from error
        except NetworkError:
            raise
        except DenseGraspError as error:
            raise NetworkError(MatchCode.MODEL_MISMATCH, f"network {file.name} cannot be used: {error}") from error
        return network

    def _future(self, file: NetworkFile) -> Future[LoadedNetwork]:
        with self._lock:
            future = self._loading.pop(file.path, None)
            # One that failed is tried again: somebody may have repaired the file.
            if future is None or (future.done() and _is_other(future, file)):
                future = self._loader.submit(self._load, file)
            self._loading[file.path] = future
            surplus = [path for path, other in self._loading.items() if other is not future and other.done()]
            for path in surplus[: max(0, len(self._loading) - self._most)]:
                del self._loading[path]
                self._log(f"network {path.stem} makes room for {file.name}")
        return future

    def _load(self, file: NetworkFile) -> LoadedNetwork:
        began = time.monotonic()
        try:
            network = LoadedNetwork(file)
        except Exception as error:  # whatever a broken file makes its reader raise
            unusable = NetworkError(MatchCode.MODEL_MISMATCH, f"network {file.name} cannot be used: {error}")
            self._log(str(unusable))
            raise unusable from error
        seconds = time.monotonic() - began
        self._log(f"network {file.name} ({file.info.model_id}) is loaded from {file.path}, in {seconds:.1f} s")
        return network


def _failure(future: Future[LoadedNetwork]) -> bool:
    return future.cancelled() or future.exception() is not None


def _is_other(future: Future[LoadedNetwork], file: NetworkFile) -> bool:
    """Whether what was loaded from the path is not, or no longer, the network that lies there."""
    return _failure(future) or future.result().file.info.model_id != file.info.model_id
