"""The file of a SQLite store: how it is opened, and whether the opened one is still the one that lies there.

The journal is SQLite's rollback journal (DELETE, synchronous EXTRA), not its write-ahead log. A store is written by an
operator's click, so the log gains nothing, and it costs: the newest rows lie beside the file, a file that is moved over
another one is overwritten by the log of the former, the log needs shared memory (no network file system has it) and
cannot be read on a read-only file system. A store of 0.1.0, which has a log, is converted when it is opened.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from dense_grasp_core.store.errors import StoreError, StoreMissingError

BUSY_TIMEOUT_S = 5.0
SUFFIXES = ("-journal", "-wal", "-shm")
_ROLLBACK_FORMAT = 1  # byte 18 of the header; 2 is a write-ahead log
_UNIQUE_TRIES = 1000
#: Files that this process has open. To open and close such a file once more would drop SQLite's locks on it (POSIX).
_open_files: Counter[tuple[int, int]] = Counter()
_open_files_lock = threading.Lock()


@dataclass(frozen=True)
class FileState:
    """Which file lies at a path: device, inode, and whether this process may write it and beside it."""

    device: int
    inode: int
    writable: bool


@dataclass(frozen=True)
class OpenedFile:
    """An opened store. notes: what an operator should know about how it was opened, a sentence each."""

    engine: sa.Engine
    connection: sqlite3.Connection
    state: FileState
    journal_mode: str
    log_inode: int | None
    notes: tuple[str, ...]
    close: Callable[[], None]


def beside(path: Path, what: str) -> Path:
    """A path that is not there yet, beside `path` and named after it: NAME.`what`-TIME."""
    stem = f"{path.name}.{what}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    for number in range(_UNIQUE_TRIES):
        free = path.with_name(stem if number == 0 else f"{stem}-{number}")
        if not os.path.lexists(free):
            return free
    raise StoreError(f"there are {_UNIQUE_TRIES} files {stem}-... in {path.parent}; remove what is not needed")


def sync_folder(folder: Path) -> None:
    """Renames within the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some file systems know no fsync of a folder
        pass
    finally:
        os.close(descriptor)


class SqliteFile:
    """The file at `path`; `options` are SQLite's own of a file: URI (vfs, nolock, ...)."""

    def __init__(self, path: Path, options: dict[str, str] | None = None) -> None:
        self.path = path
        self._options = dict(options or {})

    def state(self) -> FileState | None:
        """What lies there now; None for nothing. Raises StoreError where this cannot be seen."""
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(
                f"descriptor store {self.path} cannot be reached: {error.strerror or error}; check its folders and "
                "their permissions, or name another file"
            ) from error
        writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
        return FileState(found.st_dev, found.st_ino, writable)

    def open(self, create: bool, former: OpenedFile | None = None) -> OpenedFile:
        """Opens the file, with `create` also one that is not there. `former`: what was open before, closed by now.

        Raises StoreMissingError, or StoreError, OSError, sqlite3.Error when it cannot be opened.
        """
        if self.path.is_dir():
            raise StoreError(f"{self.path} is a folder, expected a database file; name a file in it")
        if self.state() is None:
            if not create:
                raise StoreMissingError(f"{self.path} is not there")
            self._create()
        notes = self._set_aside_foreign_log(former)
        for _ in range(_UNIQUE_TRIES):
            state = self.state()
            if state is None:
                break
            opened = self._open_state(state, notes)
            if self.state() == state:
                return opened
            opened.close()  # it was replaced meanwhile, and nobody knows which of the two is open
        raise StoreMissingError(f"{self.path} was removed or replaced while it was being opened")

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:  # another process made it at the same moment
            return
        sync_folder(self.path.parent)

    def _open_state(self, state: FileState, notes: list[str]) -> OpenedFile:
        told = list(notes)
        folder = None
        if state.writable:
            connection = self._connect_to_write(told)
        else:
            connection, folder = self._connect_to_read(told)
        try:
            mode = _journal_mode(connection)
        except BaseException:
            connection.close()
            raise
        log = Path(f"{self.path}-wal")
        log_inode = log.stat().st_ino if mode == "wal" and log.exists() else None
        identity = (state.device, state.inode)
        with _open_files_lock:
            _open_files[identity] += 1
        engine = engine_of(connection)

        def close() -> None:
            engine.dispose()
            connection.close()
            with _open_files_lock:
                _open_files[identity] -= 1
            if folder is not None:
                folder.cleanup()

        return OpenedFile(engine, connection, state, mode, log_inode, tuple(told), close)

    def _connect_to_write(self, notes: list[str]) -> sqlite3.Connection:
        connection = self.connect("rw")
        try:
            if _journal_mode(connection) == "wal":
                connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA synchronous=EXTRA")
            return connection
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                notes.append(f"{self.path} keeps its write-ahead log, another process has it open ({error})")
                connection.execute("PRAGMA synchronous=FULL")
                return connection
            connection.close()
        except BaseException:
            connection.close()
            raise
        # The log needs shared memory, unless one process has the file alone.
        with closing(self.connect("rw")) as alone:
            alone.execute("PRAGMA locking_mode=EXCLUSIVE")
            alone.execute("PRAGMA journal_mode=DELETE")
        connection = self.connect("rw")
        connection.execute("PRAGMA synchronous=EXTRA")
        return connection

    def _connect_to_read(self, notes: list[str]) -> tuple[sqlite3.Connection, tempfile.TemporaryDirectory | None]:
        notes.append(f"{self.path} is read-only (file, folder or file system): it can be read, not written")
        connection = self.connect("ro")
        try:
            connection.execute("PRAGMA schema_version").fetchone()
            return connection, None
        except sqlite3.OperationalError:
            connection.close()
        pending = [name for name in SUFFIXES[:2] if Path(f"{self.path}{name}").exists()]
        if not pending:  # without a journal nobody can be writing it: no locks are needed
            return self.connect("ro", immutable="1"), None
        # The journal holds rows, or takes half a transaction back, but to apply it is to write: do it to a copy.
        folder = tempfile.TemporaryDirectory(prefix="dense_grasp_store_")
        for suffix in ("", *pending):
            shutil.copyfile(f"{self.path}{suffix}", Path(folder.name) / f"{self.path.name}{suffix}")
        return SqliteFile(Path(folder.name) / self.path.name).connect("rw"), folder

    def connect(self, mode: str, **options: str) -> sqlite3.Connection:
        """A connection in autocommit mode. mode: ro or rw; options: of a file: URI. Raises sqlite3.Error."""
        query = urlencode({**self._options, **options, "mode": mode})
        connection = sqlite3.connect(
            f"file:{quote(str(self.path.absolute()))}?{query}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        # A damaged text must not stop the query that reads its neighbours.
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        return connection

    def _set_aside_foreign_log(self, former: OpenedFile | None) -> list[str]:
        """Renames a write-ahead log that belongs to another file than the one at the path: SQLite would replay it."""
        log = Path(f"{self.path}-wal")
        if not log.exists():
            return []
        of_former = former is not None and former.log_inode == log.stat().st_ino
        if not (of_former or self._needs_no_log()):
            return []
        aside = beside(log, "of-another-file")
        log.rename(aside)
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        return [f"{log} belonged to another file than {self.path.name} and was set aside as {aside.name}"]

    def _needs_no_log(self) -> bool:
        """Whether the header says that this database has no write-ahead log."""
        state = self.state()
        with _open_files_lock:
            if state is None or _open_files[state.device, state.inode] > 0:
                return False
            with self.path.open("rb") as file:
                header = file.read(20)
        return len(header) == 20 and header[18] == _ROLLBACK_FORMAT


def _journal_mode(connection: sqlite3.Connection) -> str:
    """delete, wal, ...; reads the header, and so raises sqlite3.Error where a file is none or cannot be locked."""
    connection.execute("PRAGMA schema_version").fetchone()
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def engine_of(connection: sqlite3.Connection) -> sa.Engine:
    """An engine on one connection in autocommit mode; the execution option dense_grasp_write begins a writing one."""
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    # A transaction that will write takes the lock at once: two that read first and then write would block each other.
    write = connection.get_execution_options().get("dense_grasp_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def remedy(reason: Any) -> str:
    """What to do about SQLite's reason; empty when it says enough."""
    text = str(reason)
    for part, advice in (
        ("not a database", "it is another kind of file or damaged; restore a backup or name another file"),
        ("malformed", "the file is damaged; restore a backup, or see `ros2 run dense_grasp store check`"),
        ("is full", "free space on its disk"),
        ("disk I/O error", "its disk is full or failing"),
        ("readonly", "make file and folder writable for the user that runs this"),
        ("unable to open", "check that the folder is there and that this user may read and write file and folder"),
        ("locked", f"another process kept it locked for {BUSY_TIMEOUT_S:g} s; end that process or try again"),
    ):
        if part in text:
            return f"; {advice}"
    return ""
