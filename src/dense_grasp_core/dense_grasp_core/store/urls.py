"""What a store's URL means."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dense_grasp_core.store.errors import StoreError
from dense_grasp_core.store.sqlite_file import SqliteFile

#: SQLite's own parameters of a file: URI that a store's URL may carry.
SQLITE_OPTIONS = ("vfs", "nolock", "psow")
_DRIVERS = ("sqlite", "sqlite+pysqlite")


def parse_url(url: str) -> sa.URL:
    """A database URL, or a path, which means a SQLite file. Raises StoreError."""
    try:
        if "://" not in url:
            return sa.URL.create("sqlite", database=str(Path(url).expanduser()))
        return sa.make_url(url)
    except (SQLAlchemyError, RuntimeError, ValueError) as error:
        raise StoreError(
            f"descriptor store is {url!r}, expected a file, sqlite:///FILE or another database URL"
        ) from error


def in_memory(url: sa.URL) -> bool:
    """Whether the URL means a SQLite database without a file."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def sqlite_file(url: sa.URL) -> SqliteFile | None:
    """The file of a SQLite URL; None for another database and for one in memory. Raises StoreError."""
    if url.get_backend_name() != "sqlite" or in_memory(url):
        return None
    if url.drivername not in _DRIVERS:
        raise StoreError(f"descriptor store {url} names driver {url.drivername}, expected {' or '.join(_DRIVERS)}")
    name = str(url.database)
    options = {key: str(value) for key, value in url.query.items()}
    if name.startswith("file:"):
        name, _, inner = name.removeprefix("file:").partition("?")
        name = unquote(name)
        options |= dict(parse_qsl(inner))
    options.pop("uri", None)
    unknown = sorted(set(options) - set(SQLITE_OPTIONS))
    if unknown:
        raise StoreError(f"descriptor store {url} has option {unknown[0]}, expected one of {', '.join(SQLITE_OPTIONS)}")
    return SqliteFile(Path(name).expanduser(), options)
