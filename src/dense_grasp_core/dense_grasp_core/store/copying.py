"""Whole copies of a SQLite store, made while others use it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from dense_grasp_core.store.errors import StoreError
from dense_grasp_core.store.sqlite_file import sync_folder

# A step holds off writers; between steps they come in, and the copy begins anew when they do.
_PAGES = 4096
_PAUSE_S = 0.005


def copy_whole(source: sqlite3.Connection, target: Path) -> Path:
    """A copy of the database behind `source` in a new file beside `target`, whole, intact and on the disk.

    The caller renames it to `target`, or removes it. Raises StoreError for a damaged copy, sqlite3.Error, OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        os.close(descriptor)
        os.chmod(part, 0o644)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous=OFF")  # it is synchronised once, below
            source.backup(copy, pages=_PAGES, sleep=_PAUSE_S)
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"the copy is damaged as its source is: {found}")
        with part.open("rb+") as file:
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def back_up(source: sqlite3.Connection, target: Path) -> None:
    """A copy at `target`, there whole or not at all. Raises StoreError when a file is there, and as copy_whole."""
    if os.path.lexists(target):
        raise StoreError(f"{target} is there already; give a name that is free")
    part = copy_whole(source, target)
    try:
        os.link(part, target)  # unlike a rename it does not replace what came meanwhile
    except FileExistsError as error:
        raise StoreError(f"{target} is there already; give a name that is free") from error
    except OSError:  # a file system without hard links
        os.rename(part, target)
    part.unlink(missing_ok=True)
    sync_folder(target.parent)
