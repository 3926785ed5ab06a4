"""Scans of objects: their folders, and their banks of views, which are built once in a thread of their own.

Everything is loaded when an object with a scan is first asked for: a cell without scans pays nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.object_model.bank_file import bank_path, fingerprint, frame_digest, read_bank, write_bank
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanError, ScanView, read_scan
from dense_grasp_core.object_model.scan_check import require_consistent
from dense_grasp_core.object_model.view_bank import ViewBank, build, descriptions
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store.errors import StoreError
from dense_grasp_core.store.rows import is_name
from dense_grasp_core.store.scan_folders import folder_beside, folder_of
from dense_grasp_core.store.urls import parse_url, sqlite_file

LOG_PERIOD = 5.0


class ScannedObjectError(DenseGraspError):
    """A scanned object cannot be looked for: `code` is that of the answer."""

    def __init__(self, code: MatchCode, message: str):
        super().__init__(message)
        self.code = code


class _Stopped(Exception):
    """The node ends while a bank is being built."""


def scans_folder(store_url: str, chosen: str = "") -> Path | None:
    """Where scans lie: the folder chosen, else beside the store's file; None for a store without a file, and for a URL
    that is none (whoever opens the store says so).
    """
    if chosen:
        return Path(chosen).expanduser()
    try:
        file = sqlite_file(parse_url(store_url))
    except StoreError:
        return None
    return None if file is None else folder_beside(file.path)


@dataclass(frozen=True)
class ScannedObject:
    """An object that can be looked for: its scan's views and its finder. frame_digest: of its scan's poses."""

    views: list[ScanView] = field(repr=False)
    finder: PoseFinder = field(repr=False)
    frame_digest: str = ""

    @property
    def bank(self) -> ViewBank:
        """Its bank of views."""
        return self.finder.bank


@dataclass
class _Loading:
    """A scan of which a thread makes a ScannedObject. version: of the folder that it was begun with."""

    version: tuple[int, ...]
    done: threading.Event = field(default_factory=threading.Event)
    result: ScannedObject | None = None
    error: str = ""
    progress: float = 0.0


class LoadedScans:
    """Loads scans on demand. Safe to use from threads.

    folder: of the scans, None for none. network: file of the network that describes them. log: told what is being
    loaded.
    """

    def __init__(self, folder: Path | None, network: str, log: Callable[[str], object] = lambda note: None):
        self._folder, self._network, self._log = folder, network, log
        self._lock = threading.Lock()
        self._loading: dict[str, _Loading] = {}
        self._digests: dict[str, tuple[tuple[int, ...], str]] = {}
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="scan")
        self._extractor: DescriptorExtractor | None = None
        self._describing = threading.Lock()  # the network is one, and its memory
        self._stopped = False

    def close(self) -> None:
        """Build no bank any more: the node ends."""
        self._stopped = True
        self._loader.shutdown(wait=True, cancel_futures=True)

    @property
    def model_id(self) -> str:
        """Of the network that describes scans. Raises ModelFileError."""
        return self._describer().model_id

    @property
    def network(self) -> str:
        """The network's name for people."""
        return Path(self._network).stem

    def has_scan(self, object_id: str) -> bool:
        """Whether the object has a scan, whatever it holds."""
        return self._version(object_id) is not None

    def frame_digest(self, object_id: str) -> str:
        """Of the poses of the object's scan, read once; "" without a scan that can be read."""
        version = self._version(object_id)
        if version is None or self._folder is None:
            return ""
        with self._lock:
            known = self._digests.get(object_id)
        if known is None or known[0] != version:
            try:
                known = version, frame_digest(folder_of(self._folder, object_id))
            except ScanError:
                return ""
            with self._lock:
                self._digests[object_id] = known
        return known[1]

    def where(self, object_id: str) -> str:
        """Where its scan is looked for, for a sentence."""
        if self._folder is None:
            return "nowhere: the store has no file, and the parameter scans is empty"
        return str(folder_of(self._folder, object_id))

    def get(self, object_id: str, timeout: float) -> ScannedObject:
        """The object, once it is loaded: waits at most `timeout` s of wall clock.

        Raises ScannedObjectError BUSY while its bank is being built, STORE_ERROR for a scan that cannot be used.
        """
        version = self._version(object_id)
        if version is None:
            raise ScannedObjectError(
                MatchCode.STORE_ERROR, f"{object_id} has no scan, expected one at {self.where(object_id)}"
            )
        with self._lock:
            loading = self._loading.get(object_id)
            if loading is None or loading.version != version:
                loading = self._loading[object_id] = _Loading(version)
                self._loader.submit(self._load, object_id, loading)
        if not loading.done.wait(timeout):
            raise ScannedObjectError(
                MatchCode.BUSY,
                f"the scan of {object_id} is being described for the first time, {loading.progress:.0%} are done; ask "
                "again when it is",
            )
        if loading.result is None:
            with self._lock:  # somebody may repair it: the next call tries again
                if self._loading.get(object_id) is loading:
                    del self._loading[object_id]
            raise ScannedObjectError(MatchCode.STORE_ERROR, loading.error)
        return loading.result

    def _version(self, object_id: str) -> tuple[int, ...] | None:
        """What changes when a scan is replaced; None without a scan."""
        if self._folder is None or not is_name(object_id):
            return None
        folder = folder_of(self._folder, object_id)
        try:
            poses = (folder / "poses.json").stat()
            return folder.stat().st_ino, poses.st_ino, poses.st_ctime_ns
        except OSError:
            return None

    def _describer(self) -> DescriptorExtractor:
        with self._describing:
            if self._extractor is None:
                self._extractor = DescriptorExtractor(self._network, backend="auto")
            return self._extractor

    def _load(self, object_id: str, loading: _Loading) -> None:
        try:
            assert self._folder is not None
            loading.result = self._loaded(object_id, folder_of(self._folder, object_id), loading)
        except _Stopped:
            loading.error = f"the scan of {object_id} was not described: the node ends"
        except DenseGraspError as error:
            loading.error = f"the scan of {object_id} cannot be used: {error}"
        except Exception as error:  # a file nobody thought of must not leave callers waiting
            loading.error = f"the scan of {object_id} cannot be used: {error!r}"
        finally:
            if loading.error:
                self._log(loading.error)
            loading.done.set()

    def _loaded(self, object_id: str, folder: Path, loading: _Loading) -> ScannedObject:
        extractor = self._describer()
        views, scan, digest = read_scan(folder), fingerprint(folder), frame_digest(folder)
        path = bank_path(folder, extractor.model_id)
        bank = read_bank(path, scan)
        if bank is None:
            bank = self._built(object_id, views, extractor, loading)
            try:
                write_bank(path, bank, scan)
                bank = read_bank(path, scan) or bank  # the same answers today and after the next start
            except OSError as error:
                self._log(f"the described scan of {object_id} cannot be kept, the next start builds it anew: {error}")
        return ScannedObject(views, PoseFinder(bank, self._describe), digest)

    def _describe(self, rgb: np.ndarray) -> np.ndarray:
        extractor = self._describer()
        with self._describing:
            return extractor(rgb)

    def _built(
        self, object_id: str, views: list[ScanView], extractor: DescriptorExtractor, loading: _Loading
    ) -> ViewBank:
        check = require_consistent(views)
        began = told = time.monotonic()
        self._log(f"describing the scan of {object_id} by {extractor.model_id}: {len(views)} views, {check}")
        total, done = descriptions(len(views)), 0

        def describe(rgb: np.ndarray) -> np.ndarray:
            nonlocal done, told
            if self._stopped:
                raise _Stopped
            done += 1
            loading.progress = done / total
            if time.monotonic() - told > LOG_PERIOD:
                told = time.monotonic()
                self._log(f"scan of {object_id}: {loading.progress:.0%} described")
            return self._describe(rgb)

        bank = build(views, describe)
        self._log(f"the scan of {object_id} is described, in {time.monotonic() - began:.1f} s")
        return bank
