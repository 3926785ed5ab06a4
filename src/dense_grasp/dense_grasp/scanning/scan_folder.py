"""Keeps the scans that the arm takes where query_node looks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dense_grasp_core.errors import Canceled, DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.scan_join import JoinedScan, join_to
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.result_codes import MatchCode, ScanCode
from dense_grasp_core.store.errors import AlreadyExistsError
from dense_grasp_core.store.scan_folders import ScanFolders, folder_of, size_of

from dense_grasp.perception.loaded_scans import LoadedScans, ScannedObjectError

_POLL = 1.0  # s of wall clock between two looks at how far a scan is described


class ScanFolder:
    """The folder of all scans; None: the store has no file and no folder is chosen, so nothing can be kept.

    network: file of the network by which the object of a scan is found in a second one that is to join it.
    """

    def __init__(self, root: Path | None, network: str):
        self._scans = None if root is None else ScanFolders(root)
        self._network = network

    def has(self, object_id: str) -> bool:
        """Whether the object has a scan. Raises GraspFailure SCAN_NOT_STORED where none could be kept."""
        return self._required().folder(object_id).is_dir()

    def put(
        self, object_id: str, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any], overwrite: bool
    ) -> int:
        """Keeps a scan, whole or not at all; its bytes. Raises GraspFailure SCAN_EXISTS, SCAN_NOT_STORED."""
        scans = self._required()
        draft = scans.root / f".{object_id}.{os.getpid()}.taken"
        try:
            scans.root.mkdir(parents=True, exist_ok=True)
            write_scan(draft, views, surface, about)
            scans.add(object_id, draft, overwrite)
            return size_of(scans.folder(object_id))
        except AlreadyExistsError as error:
            raise GraspFailure(ScanCode.SCAN_EXISTS, str(error)) from error
        except (DenseGraspError, OSError) as error:
            raise GraspFailure(ScanCode.SCAN_NOT_STORED, f"the scan of {object_id} is not kept: {error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def put_aside(self, object_id: str, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any]) -> str:
        """Keeps a scan beside the object's own, in place of one that was put aside before; its folder. Raises
        GraspFailure SCAN_NOT_STORED.
        """
        aside = folder_of(self._required().root, object_id).with_name(f".{object_id}.aside")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            write_scan(aside, views, surface, about)
        except (DenseGraspError, OSError) as error:
            raise GraspFailure(ScanCode.SCAN_NOT_STORED, f"the scan of {object_id} is not kept: {error}") from error
        return str(aside)

    def join(
        self,
        object_id: str,
        views: Sequence[ScanView],
        surface: Surface,
        about: Mapping[str, Any],
        told: Callable[[str], None],
    ) -> tuple[JoinedScan, int]:
        """Joins a second scan to the object's; both, and their bytes. Where anything fails the first stays as it is,
        and the second is kept aside.

        Raises GraspFailure SCAN_INCONSISTENT, SCAN_NOT_STORED, and what `told` raises.
        """
        scans = self._required()
        loaded = LoadedScans(scans.root, self._network)
        try:
            told("the first scan is being loaded")
            finder = _finder(loaded, object_id, told)

            def on_picture(done: int, most: int) -> None:
                told(f"the first scan's object is looked for in the second: {done} of at most {most} pictures")

            joined, both = join_to(scans.folder(object_id), finder, views, surface, about, on_picture)
            return joined, self.put(object_id, joined.views, joined.surface, both, overwrite=True)
        except DenseGraspError as error:
            sentence = (
                f"{error}; {object_id} keeps the scan that it has, {self._second(object_id, views, surface, about)}"
            )
            if isinstance(error, Canceled):
                raise Canceled(sentence) from error
            code = error.code if isinstance(error, GraspFailure) else ScanCode.SCAN_INCONSISTENT
            raise GraspFailure(code, sentence) from error
        finally:
            loaded.close()

    def _second(self, object_id: str, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any]) -> str:
        """The end of a sentence about a second scan that joined nothing."""
        try:
            return f"and the second one is in {self.put_aside(object_id, views, surface, about)}"
        except GraspFailure as error:
            return f"and of the second one nothing is kept: {error}"

    def _required(self) -> ScanFolders:
        if self._scans is None:
            raise GraspFailure(
                ScanCode.SCAN_NOT_STORED,
                "there is no folder for scans: the store is no SQLite file, and the parameter scans is empty, expected "
                "a folder",
            )
        return self._scans


def _finder(loaded: LoadedScans, object_id: str, told: Callable[[str], None]) -> PoseFinder:
    """Of the object, once its scan is described. Raises ScannedObjectError, and what `told` raises."""
    while True:
        try:
            return loaded.get(object_id, _POLL).finder
        except ScannedObjectError as error:
            if error.code != MatchCode.BUSY:
                raise
            told(str(error))
