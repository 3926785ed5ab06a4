"""Scans beside a store: the scan of an object is the folder ``<store file>.scans/<object>``, and goes where it goes.

A scan is megabytes of pictures, so it lies beside the database and not in it. It appears, is replaced and disappears
whole, by a rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.store.errors import AlreadyExistsError, StoreError

LARGEST_TOTAL = 5_000_000_000
"""Bytes that all scans beside one store may take by default; a scan of 30 pictures has 10 to 50 MB."""


def folder_beside(store_file: Path) -> Path:
    """Where the scans of a store's file lie."""
    return store_file.with_name(store_file.name + ".scans")


def folder_of(root: Path, object_id: str) -> Path:
    """Where in the folder of the scans that of an object lies: by its name, which a leading dot does not hide."""
    name = quote(object_id, safe=" ")
    return root / (f"%2E{name[1:]}" if name.startswith(".") else name)


class ScanFolders:
    """The scans in one folder, most often the one beside a store. Every method raises StoreError with a sentence."""

    def __init__(self, root: Path, largest_total: int = LARGEST_TOTAL) -> None:
        """No folder is made before the first scan."""
        self.root = root
        self._largest_total = largest_total

    def names(self) -> list[str]:
        """The objects that have a scan, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(unquote(path.name) for path in self.root.iterdir() if path.is_dir() and path.name[0] != ".")

    def folder(self, object_id: str) -> Path:
        """Where the scan of an object lies, or would."""
        if not object_id:
            raise StoreError("the object has no name, expected one for its scan")
        return folder_of(self.root, object_id)

    def add(self, object_id: str, scan: Path, overwrite: bool = False) -> None:
        """Copy the scan into the store's folder after checking it. The former one stays when anything fails."""
        target = self.folder(object_id)
        if target.is_dir() and not overwrite:
            raise AlreadyExistsError(f"{object_id} has a scan already; set overwrite to replace it")
        _require_good(scan)
        new, kept = size_of(scan), sum(size_of(self.folder(name)) for name in self.names() if name != object_id)
        if new + kept > self._largest_total:
            raise StoreError(
                f"the scan of {object_id} has {new / 1e6:.0f} MB and the others {kept / 1e6:.0f} MB, expected at most "
                f"{self._largest_total / 1e6:.0f} MB together; remove scans of objects that are not used"
            )
        with _told(f"the scan of {object_id}"):
            self.root.mkdir(parents=True, exist_ok=True)
            _copied(scan, target)

    def export(self, object_id: str, target: Path) -> None:
        """Copy the scan of an object to a new folder."""
        source = self._existing(object_id)
        if target.exists():
            raise StoreError(f"{target} exists already, expected a new folder for the scan of {object_id}")
        with _told(f"the scan of {object_id} to {target}"):
            _copied(source, target)

    def remove(self, object_id: str) -> bool:
        """Remove the scan of an object; whether there was one."""
        folder = self.folder(object_id)
        if not folder.is_dir():
            return False
        gone = folder.with_name(f".{folder.name}.{os.getpid()}.gone")
        with _told(f"the scan of {object_id}"):
            os.rename(folder, gone)
            shutil.rmtree(gone)
        return True

    def rename(self, object_id: str, new_name: str) -> bool:
        """Let the scan of an object follow the object's new name; whether it has one."""
        if not self.folder(object_id).is_dir():
            return False
        with _told(f"the scan of {object_id}"):
            os.rename(self.folder(object_id), self.folder(new_name))
        return True

    def total(self) -> int:
        """Bytes of all scans."""
        return size_of(self.root)

    def problems(self) -> Iterator[str]:
        """A sentence for every scan that cannot be used."""
        for name in self.names():
            try:
                _require_good(self.folder(name))
            except DenseGraspError as error:
                yield f"scan of {name}: {error}"

    def _existing(self, object_id: str) -> Path:
        folder = self.folder(object_id)
        if not folder.is_dir():
            listed = ", ".join(self.names()) or "none"
            raise StoreError(f"{object_id} has no scan, expected one of: {listed}")
        return folder


def _require_good(scan: Path) -> None:
    # Here and not above: a store is opened by programs that never look at a picture.
    from dense_grasp_core.object_model.scan import read_scan
    from dense_grasp_core.object_model.scan_check import require_consistent

    require_consistent(read_scan(scan))


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def back_up_scans(store_file: Path, backup: Path) -> int:
    """Copy the scans beside a store to beside its new backup; how many."""
    source, target = (ScanFolders(folder_beside(file)) for file in (store_file, backup))
    if source.root.is_dir():
        with _told(f"the scans of {store_file}"):
            _copied(source.root, target.root)
    return len(source.names())


@contextmanager
def restored_scans(backup: Path, store_file: Path) -> Iterator[Callable[[Path | None], None]]:
    """Copies the scans of a backup to beside a store, and gives the call that puts them in place at the end.

    That call takes the path of the former store, beside which the scans of before are kept; it only renames, so what
    can fail for want of room fails before the store itself is touched. A backup without scans, as versions before them
    made it, leaves those of the store.
    """
    source, target = folder_beside(backup), folder_beside(store_file)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")

    def put(former: Path | None) -> None:
        if not draft.is_dir():
            return
        with _told(f"the scans of {store_file}"):
            if former is not None and target.is_dir():
                os.rename(target, folder_beside(former))
            os.rename(draft, target)

    try:
        if source.is_dir():
            with _told(f"the scans of {backup}"):
                shutil.copytree(source, draft)
        yield put
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copied(source: Path, target: Path) -> None:
    """Copy a folder so that it appears whole or not at all, in the place of the one there."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    former = target.with_name(f".{target.name}.{os.getpid()}.former")
    try:
        shutil.copytree(source, draft)
        if target.exists():
            os.rename(target, former)
        os.rename(draft, target)
    except BaseException:
        if former.exists() and not target.exists():
            os.rename(former, target)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, shutil.Error) as error:
        raise StoreError(f"{what} cannot be copied, renamed or removed, nothing was changed: {error}") from error
