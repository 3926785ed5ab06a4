"""The descriptor store: taught keypoints in a database, SQLite by default.

What `add` has returned survives a kill -9 of the process and, on SQLite (WAL, synchronous FULL), a power cut.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import ArrayLike, NDArray
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from dense_grasp_core.errors import DenseGraspError

SCHEMA_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_metadata = sa.MetaData()
_descriptors = sa.Table(
    "descriptors",
    _metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("object_id", sa.String(64), nullable=False),
    sa.Column("keypoint", sa.String(64), nullable=False),
    sa.Column("model_id", sa.String(64), nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("descriptor", sa.LargeBinary, nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("u", sa.Float(53), nullable=False),
    sa.Column("v", sa.Float(53), nullable=False),
    sa.Column("patch", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("object_id", "keypoint"),
)
_schema = sa.Table("dense_grasp_schema", _metadata, sa.Column("version", sa.Integer, primary_key=True))
T = TypeVar("T")


class StoreError(DenseGraspError):
    """The database cannot be opened, read or written; nothing was changed."""


class UnknownKeypointError(StoreError):
    """The store holds no such object or keypoint."""


class AlreadyExistsError(StoreError):
    """A keypoint of that name is stored and overwriting was not asked for."""


class InvalidNameError(StoreError):
    """An object or keypoint name with other characters than [A-Za-z0-9_.-] or not 1..64 of them."""


class ModelMismatchError(DenseGraspError):
    """A descriptor of another network or dimension: the two are never compared."""


@dataclass(frozen=True)
class Row:
    """One taught keypoint.

    descriptor: (D,) float32. created: s since 1970, UTC. u, v: px in the image it was taught on.
    patch: PNG bytes of the image around that pixel, may be empty.
    """

    id: int
    object_id: str
    keypoint: str
    descriptor: NDArray[np.float32]
    model_id: str
    created: float
    u: float
    v: float
    patch: bytes

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.descriptor)


def check_comparable(row: Row, model_id: str, dimension: int) -> None:
    """Raises ModelMismatchError unless the row was taught with this network and dimension."""
    if row.model_id != model_id or row.dimension != dimension:
        raise ModelMismatchError(
            f"{row.object_id}/{row.keypoint} was taught with model {row.model_id} (D = {row.dimension}), "
            f"expected {model_id} (D = {dimension}); teach it again with this model"
        )


def check_name(kind: str, name: str) -> None:
    """Raises InvalidNameError, naming `kind`, unless `name` is 1..64 characters of [A-Za-z0-9_.-]."""
    if not _NAME.fullmatch(name):
        raise InvalidNameError(f"{kind} is {name!r}, expected 1..64 characters of [A-Za-z0-9_.-]")


class DescriptorStore:
    """Taught descriptors behind a database URL (or a path, which means a SQLite file).

    Safe to use from several threads and processes. Every method raises StoreError, naming the database, when
    it cannot do its work; what it would have written is then not there.
    """

    def __init__(self, url: str) -> None:
        self._label = url
        self._lock = threading.RLock()
        try:
            parsed = sa.make_url(url if "://" in url else f"sqlite:///{Path(url).expanduser()}")
            self._label = parsed.render_as_string(hide_password=True)
            self._sqlite = parsed.get_backend_name() == "sqlite"
            self._engine = self._create_engine(parsed)
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise StoreError(f"descriptor store {self._label} cannot be opened: {error}") from error
        try:
            self._prepare()
        except StoreError:
            self._engine.dispose()
            raise

    def add(
        self,
        object_id: str,
        keypoint: str,
        descriptor: ArrayLike,
        model_id: str,
        u: float,
        v: float,
        patch: bytes = b"",
        overwrite: bool = False,
    ) -> Row:
        """Stores descriptor (D,) taught at pixel (u, v) and returns its row once it is on the disk.

        Raises InvalidNameError, AlreadyExistsError (unless overwrite), StoreError.
        """
        check_name("object_id", object_id)
        check_name("keypoint", keypoint)
        vector = np.ascontiguousarray(descriptor, dtype="<f4")
        if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
            raise StoreError(f"descriptor of {object_id}/{keypoint} has shape {vector.shape}, expected (D,), finite")
        if not model_id:
            raise StoreError(f"model_id of {object_id}/{keypoint} is empty, expected the network's id")
        values: dict[str, Any] = {
            "object_id": object_id,
            "keypoint": keypoint,
            "model_id": model_id,
            "dimension": vector.size,
            "descriptor": vector.tobytes(),
            "created": time.time(),
            "u": float(u),
            "v": float(v),
            "patch": bytes(patch),
        }
        # Two writers that replace one keypoint at once collide on the unique pair; the later one tries again.
        for attempt in range(5):
            try:
                return self._insert(values, overwrite)
            except AlreadyExistsError:
                if not overwrite or attempt == 4:
                    raise
        raise AssertionError("unreachable")

    def get(self, object_id: str, keypoint: str) -> Row:
        """The row of one keypoint. Raises UnknownKeypointError."""
        query = sa.select(_descriptors).where(_key(object_id, keypoint))
        found = self._run(lambda connection: connection.execute(query).mappings().one_or_none())
        if found is None:
            known = ", ".join(f"{row.object_id}/{row.keypoint}" for row in self.list()) or "nothing"
            raise UnknownKeypointError(f"store has no {object_id}/{keypoint}; it holds {known}")
        return self._row(found)

    def list(self, object_id: str | None = None) -> list[Row]:
        """Rows of one object, or of all when None or empty, ordered by object_id, keypoint."""
        query = sa.select(_descriptors).order_by(_descriptors.c.object_id, _descriptors.c.keypoint)
        if object_id:
            query = query.where(_descriptors.c.object_id == object_id)
        return [self._row(found) for found in self._run(lambda c: c.execute(query).mappings().all())]

    def delete(self, object_id: str, keypoint: str = "") -> int:
        """Removes a keypoint, or every keypoint of the object when empty; the number removed.

        Raises UnknownKeypointError when there was nothing to remove.
        """
        condition = _key(object_id, keypoint) if keypoint else _descriptors.c.object_id == object_id
        deleted = self._run(lambda connection: connection.execute(sa.delete(_descriptors).where(condition)).rowcount)
        if deleted == 0:
            raise UnknownKeypointError(f"store has no {object_id}/{keypoint or '*'}, nothing was deleted")
        return int(deleted)

    def close(self) -> None:
        """Closes the connections; using the store again opens new ones."""
        self._engine.dispose()

    def _create_engine(self, url: sa.URL) -> sa.Engine:
        if not self._sqlite:
            return sa.create_engine(url, pool_pre_ping=True)
        arguments: dict[str, Any] = {"check_same_thread": False, "timeout": 5.0}
        if url.database in (None, "", ":memory:"):
            return sa.create_engine(url, connect_args=arguments, poolclass=StaticPool)
        Path(str(url.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args=arguments)
        sa.event.listen(engine, "connect", _durable)
        return engine

    def _prepare(self) -> None:
        def prepare(connection: sa.Connection) -> int:
            if self._sqlite:
                check = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if check != "ok":
                    raise StoreError(f"descriptor store {self._label} is corrupt: {check}; restore or remove the file")
            _metadata.create_all(connection)
            version = connection.execute(sa.select(_schema.c.version)).scalar()
            if version is None:
                connection.execute(sa.insert(_schema).values(version=SCHEMA_VERSION))
            return SCHEMA_VERSION if version is None else int(version)

        try:
            version = self._run(prepare)
        except StoreError as error:
            # Another process that opened the new store at the same moment may have created the tables first.
            if not isinstance(error.__cause__, (IntegrityError, sa.exc.OperationalError)):
                raise
            version = self._run(prepare)
        if version != SCHEMA_VERSION:
            raise StoreError(f"descriptor store {self._label} has schema {version}, expected {SCHEMA_VERSION}")

    def _insert(self, values: dict[str, Any], overwrite: bool) -> Row:
        name = f"{values['object_id']}/{values['keypoint']}"

        def insert(connection: sa.Connection) -> int:
            if overwrite:
                key = _key(values["object_id"], values["keypoint"])
                connection.execute(sa.delete(_descriptors).where(key))
            result = connection.execute(sa.insert(_descriptors).values(**values))
            return int(result.inserted_primary_key[0])  # type: ignore[index]

        try:
            return self._row({"id": self._run(insert), **values})
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise AlreadyExistsError(f"store already has {name}; set overwrite to replace it") from error
            raise

    def _run(self, work: Callable[[sa.Connection], T]) -> T:
        """One transaction: all of it or nothing."""
        with self._translated(), self._serialised(), self._engine.begin() as connection:
            return work(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(f"descriptor store {self._label}: {reason}") from error

    @contextmanager
    def _serialised(self) -> Iterator[None]:
        """SQLite has one writer anyway, and an in-memory database has one connection."""
        if not self._sqlite:
            yield
            return
        with self._lock:
            yield

    def _row(self, found: Any) -> Row:
        vector = np.frombuffer(found["descriptor"], dtype="<f4").astype(np.float32)
        name = f"{found['object_id']}/{found['keypoint']}"
        if len(vector) != found["dimension"] or not np.isfinite(vector).all():
            raise StoreError(
                f"descriptor store {self._label}: {name} holds {len(vector)} numbers, "
                f"expected {found['dimension']}, all finite"
            )
        return Row(
            int(found["id"]),
            found["object_id"],
            found["keypoint"],
            vector,
            found["model_id"],
            float(found["created"]),
            float(found["u"]),
            float(found["v"]),
            bytes(found["patch"]),
        )


def _key(object_id: str, keypoint: str) -> sa.ColumnElement[bool]:
    return sa.and_(_descriptors.c.object_id == object_id, _descriptors.c.keypoint == keypoint)


def _durable(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
