"""What an operator does with a whole store: back it up, restore it, check it. Works while others use the store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from dense_grasp_core.store.copying import back_up, copy_whole
from dense_grasp_core.store.descriptor_store import DescriptorStore
from dense_grasp_core.store.errors import StoreError
from dense_grasp_core.store.scan_folders import back_up_scans, restored_scans
from dense_grasp_core.store.schema import SCHEMA_VERSION, check_version
from dense_grasp_core.store.sqlite_file import (
    BUSY_TIMEOUT_S,
    SUFFIXES,
    OpenedFile,
    SqliteFile,
    beside,
    remedy,
    sync_folder,
)
from dense_grasp_core.store.urls import parse_url, sqlite_file

_TOOLS = {"postgresql": "pg_dump and pg_restore", "mysql": "mysqldump", "mariadb": "mariadb-dump"}


@dataclass
class Report:
    """What `check` found. problems: a sentence each; empty for a store in order."""

    rows: int = 0
    schema: int = 0
    journal_mode: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    damaged_rows: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Restored:
    """rows: in the store now. former: where the file of before is kept, None when there was none."""

    rows: int
    former: Path | None


def backup_store(url: str, target: Path) -> int:
    """Copies the store to the new file `target`; the number of its rows. The store may be in use meanwhile.

    Raises StoreError; then there is no `target`.
    """
    file = _file_of(url)
    with _translated(f"backup of {file.path} to {target}"), _opened(file) as opened:
        _schema_of(opened.connection, file.path)
        back_up(opened.connection, target)
    try:
        back_up_scans(file.path, target)
    except StoreError:
        target.unlink(missing_ok=True)
        raise
    with closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        return _count(copy)


def restore_store(url: str, backup: Path) -> Restored:
    """Makes the store what the file `backup` is. Whoever has the store open notices and goes on with the new content.

    What was there is kept beside it. Raises StoreError when the backup is damaged, no store, or of a newer schema; the
    store is then as before.
    """
    file = _file_of(url)
    source = SqliteFile(backup)
    if os.path.exists(file.path) and backup.exists() and os.path.samefile(file.path, backup):
        raise StoreError(f"{backup} is the store itself, expected a backup of it")
    with _translated(f"restore of {file.path} from {backup}"), restored_scans(backup, file.path) as put_scans:
        with _opened(source) as opened:
            check_version(_schema_of(opened.connection, backup), str(backup))
            part = copy_whole(opened.connection, file.path)
        try:
            with closing(sqlite3.connect(part)) as copy:
                rows = _count(copy)
            former = _put_in_place(file, part)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        put_scans(former)
    return Restored(rows, former)


def check_store(url: str) -> Report:
    """Looks through the whole store: pages, indices, schema, every row. Changes nothing but what opening it changes.

    Raises StoreError when it cannot be opened at all.
    """
    report = Report()
    store = DescriptorStore(url, create=False)
    try:
        report.journal_mode = store.journal_mode
        report.schema = store.schema
        report.notes += store.notes
        report.rows = store.list(limit=0).total
        for row_id, sentence in store.damaged():
            report.damaged_rows.append(row_id)
            report.problems.append(sentence)
        lost = store.without_picture()
        if lost and lost not in report.notes:
            report.notes.append(lost)
    except StoreError as error:
        report.problems.append(str(error))
    try:
        if sqlite_file(parse_url(url)) is not None:
            report.problems += [f"integrity: {line}" for line in store.integrity() if line != "ok"]
            report.problems += store.scans.problems()
            if store.scans.names():
                report.notes.append(f"{len(store.scans.names())} scans, {store.scans.total() / 1e6:.0f} MB")
    except StoreError as error:
        report.problems.append(str(error))
    store.close()
    if report.schema and report.schema != SCHEMA_VERSION:
        report.notes.append(f"schema {report.schema} becomes {SCHEMA_VERSION} once the store can be written")
    return report


def _put_in_place(file: SqliteFile, part: Path) -> Path | None:
    """Renames `part` to the store's file while no transaction is under way in it; where the former one is kept."""
    if file.state() is None:
        with suppress(FileNotFoundError):
            _set_logs_aside(file, beside(file.path, "before-restore"))
        os.rename(part, file.path)
        sync_folder(file.path.parent)
        return None
    former = beside(file.path, "before-restore")
    with _nobody_writing(file):
        try:
            os.link(file.path, former)  # so that there is a file at every moment
        except OSError:
            os.rename(file.path, former)  # a file system without hard links
        _set_logs_aside(file, former)
        os.replace(part, file.path)
        sync_folder(file.path.parent)
    return former


@contextmanager
def _nobody_writing(file: SqliteFile) -> Iterator[None]:
    """Holds the store's lock, so that it has no journal. A damaged one cannot be locked, and nobody can write it."""
    try:
        connection = file.connect("rw")
    except sqlite3.Error:
        yield
        return
    with closing(connection):
        try:
            if connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete":
                connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise StoreError(
                    f"{file.path} was in use for {BUSY_TIMEOUT_S:g} s; end the process that holds it and try again"
                ) from error
        yield
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _set_logs_aside(file: SqliteFile, former: Path) -> None:
    """What lies beside a damaged store stays beside it: SQLite would apply it to the new file."""
    for suffix in SUFFIXES:
        log = Path(f"{file.path}{suffix}")
        if os.path.lexists(log):
            os.rename(log, f"{former}{suffix}")


def _file_of(url: str) -> SqliteFile:
    parsed = parse_url(url)
    file = sqlite_file(parsed)
    if file is None:
        backend = parsed.get_backend_name()
        tool = _TOOLS.get(backend, "its own tools") if backend != "sqlite" else "nothing: it lives in memory"
        label = parsed.render_as_string(hide_password=True)
        raise StoreError(f"descriptor store {label} is no SQLite file; back it up and restore it with {tool}")
    return file


@contextmanager
def _opened(file: SqliteFile) -> Iterator[OpenedFile]:
    opened = file.open(create=False)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise type(error)(f"{what}: {error}") from error
    except (sqlite3.Error, sa.exc.SQLAlchemyError, OSError) as error:
        raise StoreError(f"{what}: {error}{remedy(error)}") from error


def _schema_of(connection: sqlite3.Connection, path: Path) -> int:
    try:
        found = connection.execute("SELECT version FROM dense_grasp_schema").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        raise StoreError(f"{path} holds no descriptor store ({error})") from error
    if found is None:
        raise StoreError(f"{path} holds no descriptor store (no schema version)")
    return int(found[0])


def _count(connection: sqlite3.Connection) -> int:
    columns = {row[1] for row in connection.execute("PRAGMA table_info(descriptors)")}
    first = "WHERE sample = 0 AND deletion = 0" if "deletion" in columns else ""
    return int(connection.execute(f"SELECT count(*) FROM descriptors {first}").fetchone()[0])
