"""One database: opening, schema, transactions. A SQLite file that is no longer the opened one is noticed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from dense_grasp_core.store import schema
from dense_grasp_core.store.copying import back_up
from dense_grasp_core.store.errors import ReadOnlyError, StoreError, StoreMissingError
from dense_grasp_core.store.pictures import cannot_be_described, without_picture
from dense_grasp_core.store.sqlite_file import OpenedFile, beside, engine_of, remedy
from dense_grasp_core.store.urls import in_memory, parse_url, sqlite_file

#: Larger files are not read through when they are opened: `check` does that.
QUICK_CHECK_BYTES = 64 * 2**20
_ATTEMPTS = 5
T = TypeVar("T")


class Database:
    """Transactions on the database at `url`; see DescriptorStore for what it promises."""

    def __init__(self, url: str, create: bool = True) -> None:
        parsed = parse_url(url)
        self.label = parsed.render_as_string(hide_password=True)
        self.version = schema.SCHEMA_VERSION
        self._create = create
        self._lock = threading.RLock()
        self._file = sqlite_file(parsed)
        self._memory = in_memory(parsed)
        self._opened: OpenedFile | None = None
        self._former: OpenedFile | None = None
        self._notes: tuple[str, ...] = ()
        self._engine: sa.Engine | None = None
        if self._file is not None:
            with self._lock:
                self._current()
            return
        try:
            self._engine = _memory_engine() if self._memory else sa.create_engine(parsed, pool_pre_ping=True)
        except (SQLAlchemyError, ImportError) as error:
            raise StoreError(
                f"descriptor store {self.label} cannot be opened: {error}; expected a file, sqlite:///FILE, or the URL "
                "of a database whose driver is installed, such as postgresql+psycopg://USER:PASSWORD@HOST/NAME"
            ) from error
        try:
            self._prepare_server()
        except StoreError:
            self._engine.dispose()
            raise

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know about how it was opened, a sentence each."""
        return self._notes

    @property
    def writable(self) -> bool:
        """Whether the file may be written, as far as can be told without writing; True for another database."""
        return self._opened is None or self._opened.state.writable

    @property
    def journal_mode(self) -> str:
        """SQLite's; empty for another database."""
        return "" if self._opened is None else self._opened.journal_mode

    def close(self) -> None:
        """Closes the connections; the next transaction opens new ones."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
            if self._engine is not None and not self._memory:
                self._engine.dispose()

    @property
    def path(self) -> Path | None:
        """Of the SQLite file; None for a server, or a store in memory."""
        return None if self._file is None else self._file.path

    def run(self, work: Callable[[sa.Connection], T], write: bool = False) -> T:
        """One transaction: all of it or nothing. Returns once what it wrote is in the file that is at the path.

        Raises StoreError, and what `work` raises. `work` runs again when the file was replaced while it ran.
        """
        if self._file is None:
            assert self._engine is not None
            with self._lock if self._memory else nullcontext():
                return self._transaction(self._engine, work, write)
        with self._lock:
            for _ in range(_ATTEMPTS):
                opened = self._current()
                if write and not opened.state.writable:
                    raise ReadOnlyError(
                        f"descriptor store {self.label} is read-only, nothing was written; make {self._file.path} and "
                        "its folder writable for the user that runs this"
                    )
                try:
                    result = self._transaction(opened.engine, work, write)
                except StoreError:
                    if self._file.state() == opened.state:
                        raise
                    continue
                if not write or self._file.state() == opened.state:
                    return result
        raise StoreError(f"descriptor store {self.label} is replaced again and again; nothing was written for certain")

    def _transaction(self, engine: sa.Engine, work: Callable[[sa.Connection], T], write: bool) -> T:
        try:
            with engine.connect().execution_options(dense_grasp_write=write) as connection, connection.begin():
                return work(connection)
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(f"descriptor store {self.label}: {reason}{remedy(reason)}") from error

    # a SQLite file

    def _current(self) -> OpenedFile:
        """The open file, opened anew when another one lies at the path."""
        assert self._file is not None
        former = self._opened
        if former is not None:
            if self._file.state() == former.state:
                return former
            former.close()
            self._former, self._opened = former, None
        if self._file.state() is None and not self._create:
            raise StoreMissingError(
                f"descriptor store {self.label}: the file {self._file.path} is not there any more, and with it what "
                "was taught; put it or a backup back (`ros2 run dense_grasp store restore`), or restart this process "
                "to begin with an empty store"
            )
        try:
            opened = self._file.open(self._create, self._former)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"descriptor store {self.label} cannot be opened: {error}{remedy(error)}") from error
        try:
            self._notes = opened.notes
            self._prepare_file(opened)
        except BaseException:
            opened.close()
            raise
        self._former, self._opened = None, opened
        self._create = False
        return opened

    def _prepare_file(self, opened: OpenedFile) -> None:
        assert self._file is not None
        path = self._file.path

        def look(connection: sa.Connection) -> int | None:
            if path.stat().st_size <= QUICK_CHECK_BYTES:
                check = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if check != "ok":
                    raise StoreError(
                        f"descriptor store {self.label} is corrupt: {check}; restore a backup "
                        "(`ros2 run dense_grasp store restore`) or remove the file"
                    )
            return schema.read_version(connection)

        version = self._transaction(opened.engine, look, write=False)
        if version is None and not self._create:
            raise StoreMissingError(
                f"descriptor store {self.label}: {path} holds no store; restore a backup "
                "(`ros2 run dense_grasp store restore`) or remove the file and restart this process"
            )
        if version is None and not opened.state.writable:
            raise ReadOnlyError(f"descriptor store {self.label}: {path} is empty and cannot be written")
        if version is not None:
            schema.check_version(version, self.label)
        if version != schema.SCHEMA_VERSION and opened.state.writable:
            self._transaction(opened.engine, self._make_current, write=True)
            version = schema.SCHEMA_VERSION
        assert version is not None
        self.version = version

    def _make_current(self, connection: sa.Connection) -> None:
        version = schema.read_version(connection)  # another process may have been faster
        if version is None:
            schema.create(connection)
        elif version < schema.SCHEMA_VERSION:
            assert self._file is not None
            backup = beside(self._file.path, f"v{version}-backup")
            with closing(self._file.connect("rw")) as source:
                try:
                    back_up(source, backup)
                except (sqlite3.Error, OSError) as error:
                    raise StoreError(
                        f"descriptor store {self.label} has schema {version} and could not be backed up before it is "
                        f"converted to {schema.SCHEMA_VERSION}: {error}{remedy(error)}"
                    ) from error
            schema.migrate(connection, version)
            self._note_conversion(connection, str(self._file.path), version, backup.name)

    def _note_conversion(self, connection: sa.Connection, name: str, version: int, kept: str) -> None:
        lost = cannot_be_described(*without_picture(connection))
        told = f"{name} was of schema {version} and is now of {schema.SCHEMA_VERSION}; what it was is kept as {kept}"
        self._notes += (told, lost) if lost else (told,)

    # a database server, and a store in memory

    def _prepare_server(self) -> None:
        assert self._engine is not None

        def prepare(connection: sa.Connection) -> None:
            version = schema.read_version(connection)
            if version is None and not (self._create or self._memory):
                raise StoreMissingError(f"descriptor store {self.label} holds no store")
            if version is None:
                schema.create(connection)
                return
            schema.check_version(version, self.label)
            if version < schema.SCHEMA_VERSION:
                kept = schema.keep_rows(connection, version)
                schema.migrate(connection, version)
                self._note_conversion(connection, self.label, version, f"table {kept}")

        try:
            self._transaction(self._engine, prepare, write=True)
        except StoreError as error:
            # Another process that opened the new store at the same moment may have created the tables first.
            if not isinstance(error.__cause__, (IntegrityError, sa.exc.OperationalError, sa.exc.ProgrammingError)):
                raise
            self._transaction(self._engine, prepare, write=True)


def _memory_engine() -> sa.Engine:
    return engine_of(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
