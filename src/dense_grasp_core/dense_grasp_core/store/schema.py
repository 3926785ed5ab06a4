"""Tables of the store, and the way from an older schema to this one.

Version 1 (dense_grasp 0.1.0) did not keep the camera. Version 2 does: a row of before has image_width 0. Version 3
keeps the whole picture, the network's name and, for scanned objects, the point in the object's frame: a row of before
holds 64 pixels around the click, so that no other network can describe it. Version 4 says which scan the point is of.
Version 5 holds several samples of a keypoint, a row each, and keeps rows that were deleted for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from dense_grasp_core.store.errors import StoreError

SCHEMA_VERSION = 5
metadata = sa.MetaData()
# Bytes come last: SQLite would read through them on the way to a column behind them.
descriptors = sa.Table(
    "descriptors",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("object_id", sa.String(64), nullable=False),
    sa.Column("keypoint", sa.String(64), nullable=False),
    sa.Column("model_id", sa.String(64), nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("u", sa.Float(53), nullable=False),
    sa.Column("v", sa.Float(53), nullable=False),
    sa.Column("image_width", sa.Integer, nullable=False, server_default="0"),
    sa.Column("image_height", sa.Integer, nullable=False, server_default="0"),
    sa.Column("fx", sa.Float(53), nullable=False, server_default="0"),
    sa.Column("fy", sa.Float(53), nullable=False, server_default="0"),
    sa.Column("cx", sa.Float(53), nullable=False, server_default="0"),
    sa.Column("cy", sa.Float(53), nullable=False, server_default="0"),
    sa.Column("distortion", sa.String(512), nullable=False, server_default="[]"),
    sa.Column("network", sa.String(64), nullable=False, server_default=""),
    sa.Column("picture_bytes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("object_x", sa.Float(53)),
    sa.Column("object_y", sa.Float(53)),
    sa.Column("object_z", sa.Float(53)),
    sa.Column("scan_view", sa.Integer),
    sa.Column("scan", sa.String(64), nullable=False, server_default=""),
    sa.Column("sample", sa.Integer, nullable=False, server_default="0"),
    sa.Column("deletion", sa.Integer, nullable=False, server_default="0", index=True),
    sa.Column("descriptor", sa.LargeBinary, nullable=False),
    sa.Column("patch", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("object_id", "keypoint", "sample", "deletion"),
)
# A table of its own: rows stay small, and no list reads through pictures.
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("descriptor_id", descriptors.c.id.type, primary_key=True, autoincrement=False),
    sa.Column("image", sa.LargeBinary(2**30), nullable=False),
)
# What rows were before they were described anew; run: counts how often that was done.
former_descriptors = sa.Table(
    "former_descriptors",
    metadata,
    sa.Column("descriptor_id", descriptors.c.id.type, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("model_id", sa.String(64), nullable=False),
    sa.Column("network", sa.String(64), nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("descriptor", sa.LargeBinary, nullable=False),
)
version_table = sa.Table("dense_grasp_schema", metadata, sa.Column("version", sa.Integer, primary_key=True))
#: Columns that came with a version, and what they read as in an older store.
ADDED: dict[int, dict[str, Any]] = {
    2: {"image_width": 0, "image_height": 0, "fx": 0.0, "fy": 0.0, "cx": 0.0, "cy": 0.0, "distortion": "[]"},
    3: {"network": "", "picture_bytes": 0, "object_x": None, "object_y": None, "object_z": None, "scan_view": None},
    4: {"scan": ""},
    5: {"sample": 0, "deletion": 0},
}
ADDED_TABLES: dict[int, tuple[sa.Table, ...]] = {2: (), 3: (pictures, former_descriptors), 4: (), 5: ()}
#: The schema from which on a keypoint has samples and deletions.
WITH_DELETIONS = 5
#: Tables with a `descriptor_id`: what belongs to a row goes with it.
OF_A_ROW = (pictures, former_descriptors)
_BYTES = ("descriptor", "patch")


def read_version(connection: sa.Connection) -> int | None:
    """The version of the store, None for a database that holds none."""
    if not sa.inspect(connection).has_table(version_table.name):
        return None
    return connection.execute(sa.select(version_table.c.version)).scalar()


def check_version(version: int, label: str) -> None:
    """Raises StoreError for a version that this code does not know."""
    if not 1 <= version <= SCHEMA_VERSION:
        raise StoreError(
            f"descriptor store {label} has schema {version}, expected 1..{SCHEMA_VERSION}: a newer dense_grasp made "
            "it; update dense_grasp, or give another store"
        )


def create(connection: sa.Connection) -> None:
    """Tables of an empty store of this version."""
    metadata.create_all(connection)
    connection.execute(sa.insert(version_table).values(version=SCHEMA_VERSION))


def keep_rows(connection: sa.Connection, version: int) -> str:
    """Copies the rows of a store on a server beside them before it is migrated; the name of the new table."""
    number, name = 1, f"{descriptors.name}_v{version}"
    while sa.inspect(connection).has_table(name):
        number += 1
        name = f"{descriptors.name}_v{version}_{number}"
    connection.execute(sa.DDL(f"CREATE TABLE {name} AS SELECT * FROM {descriptors.name}"))
    return name


def migrate(connection: sa.Connection, version: int) -> None:
    """From `version` to SCHEMA_VERSION, within the transaction of the connection."""
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for name in ADDED[step]:
            ddl = sa.schema.CreateColumn(descriptors.c[name]).compile(dialect=connection.dialect)
            connection.execute(sa.DDL(f"ALTER TABLE {descriptors.name} ADD COLUMN {str(ddl).replace('%', '%%')}"))
        for table in ADDED_TABLES[step]:
            table.create(connection)
        if step == WITH_DELETIONS:
            _key_by_sample(connection)
    connection.execute(sa.update(version_table).values(version=SCHEMA_VERSION))


def selected(version: int, with_bytes: bool) -> Sequence[sa.ColumnElement[Any]]:
    """Columns to select of a store of `version`, as the database holds them (a damaged value must not stop the query).

    Without bytes there is `descriptor_bytes`, the length of the vector, instead of the vector and the patch.
    """
    lacking = {name: value for step, names in ADDED.items() if step > version for name, value in names.items()}
    columns: list[sa.ColumnElement[Any]] = []
    for column in descriptors.c:
        if column.name in lacking:
            lacks = lacking[column.name]
            columns.append((sa.null() if lacks is None else sa.literal(lacks)).label(column.name))
        elif with_bytes or column.name not in _BYTES:
            columns.append(sa.type_coerce(column, sa.types.NullType()).label(column.name))
    columns.append(sa.func.length(descriptors.c.descriptor).label("descriptor_bytes"))
    return columns


def delete_rows(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    """Removes rows of `descriptors` and what belongs to them; how many."""
    drop_parts(connection, condition)
    return int(connection.execute(sa.delete(descriptors).where(condition)).rowcount)


def drop_parts(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    """Removes pictures and former descriptors of rows of `descriptors`."""
    rows = sa.select(descriptors.c.id).where(condition)
    for table in OF_A_ROW:
        connection.execute(sa.delete(table).where(table.c.descriptor_id.in_(rows)))


def living(version: int = SCHEMA_VERSION) -> sa.ColumnElement[bool]:
    """The condition of rows that are not deleted, in a store of `version`."""
    return descriptors.c.deletion == 0 if version >= WITH_DELETIONS else sa.true()


def first_samples(version: int = SCHEMA_VERSION) -> sa.ColumnElement[bool]:
    """The condition of the first sample of every keypoint: a row for each keypoint that is not deleted."""
    return sa.and_(living(version), descriptors.c.sample == 0) if version >= WITH_DELETIONS else sa.true()


def key(object_id: str, keypoint: str) -> sa.ColumnElement[bool]:
    """The condition of one keypoint, deleted or not."""
    return sa.and_(descriptors.c.object_id == object_id, descriptors.c.keypoint == keypoint)


def _key_by_sample(connection: sa.Connection) -> None:
    """Gives an older table today's unique key. SQLite cannot drop a key: the table is written anew."""
    name = descriptors.name
    if connection.dialect.name == "sqlite":
        connection.execute(sa.DDL(f"ALTER TABLE {name} RENAME TO {name}_before"))
        descriptors.create(connection)
        columns = ", ".join(descriptors.c.keys())
        connection.execute(sa.DDL(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_before"))
        connection.execute(sa.DDL(f"DROP TABLE {name}_before"))
        return
    for constraint in sa.inspect(connection).get_unique_constraints(name):
        connection.execute(sa.DDL(f"ALTER TABLE {name} DROP CONSTRAINT {constraint['name']}"))
    connection.execute(sa.DDL(f"ALTER TABLE {name} ADD UNIQUE (object_id, keypoint, sample, deletion)"))
    for index in descriptors.indexes:
        index.create(connection)
