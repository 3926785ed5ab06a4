"""Keeps the scans that the arm takes where query_node looks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.store.errors import AlreadyExistsError
from dense_grasp_core.store.scan_folders import ScanFolders, size_of


class ScanFolder:
    """The folder of all scans; None: the store has no file and no folder is chosen, so nothing can be kept."""

    def __init__(self, root: Path | None):
        self._scans = None if root is None else ScanFolders(root)

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

    def _required(self) -> ScanFolders:
        if self._scans is None:
            raise GraspFailure(
                ScanCode.SCAN_NOT_STORED,
                "there is no folder for scans: the store is no SQLite file, and the parameter scans is empty, expected "
                "a folder",
            )
        return self._scans
