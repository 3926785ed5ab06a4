"""Whole pictures of taught keypoints: each row's own, in the table `pictures`."""

from __future__ import annotations

import sqlalchemy as sa

from dense_grasp_core.store.errors import DamagedRowError, NoPictureError
from dense_grasp_core.store.rows import Entry, Row
from dense_grasp_core.store.schema import SCHEMA_VERSION, descriptors, living, pictures

#: The schema that has them.
WITH_PICTURES = 3
#: Names that a sentence gives before it counts the rest.
NAMED = 5


def read_picture(connection: sa.Connection, row: Row | Entry) -> bytes:
    """PNG bytes of a row's picture. Raises NoPictureError, DamagedRowError."""
    name = f"{row.object_id}/{row.keypoint}"
    if not row.picture_bytes:
        raise NoPictureError(
            f"{name} has no picture: it was taught before dense_grasp 0.2.0, or without a colour image; teach it again"
        )
    if row.camera is None:
        raise DamagedRowError(f"{name} (row {row.id}) is damaged: it has a picture and no camera")
    query = sa.select(sa.type_coerce(pictures.c.image, sa.types.NullType())).where(pictures.c.descriptor_id == row.id)
    found = connection.execute(query).scalar()
    try:
        image = bytes(memoryview(found)) if found is not None else b""
    except TypeError as error:  # SQLite keeps a text where bytes should be
        raise DamagedRowError(f"{name} (row {row.id}) is damaged: its picture is no bytes: {error}") from error
    if len(image) != row.picture_bytes:
        raise DamagedRowError(
            f"{name} (row {row.id}) is damaged: its picture has {len(image)} bytes, expected {row.picture_bytes}"
        )
    return image


def without_picture(connection: sa.Connection, version: int = SCHEMA_VERSION) -> tuple[int, list[str]]:
    """How many rows of a store of `version` have no picture, and the names of the first few."""
    lacks = descriptors.c.picture_bytes == 0 if version >= WITH_PICTURES else sa.true()
    condition = sa.and_(lacks, living(version))
    counted = sa.select(sa.func.count()).select_from(descriptors).where(condition)
    query = sa.select(descriptors.c.object_id, descriptors.c.keypoint).where(condition)
    some = query.order_by(descriptors.c.object_id, descriptors.c.keypoint).limit(NAMED)
    names = [f"{object_id}/{keypoint}" for object_id, keypoint in connection.execute(some)]
    return int(connection.execute(counted).scalar_one()), names


def cannot_be_described(count: int, names: list[str]) -> str:
    """A sentence about rows without a picture; empty when there are none."""
    if not count:
        return ""
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return (
        f"{count} keypoint{'s hold' if count > 1 else ' holds'} at most 64 pixels around the click, not the whole "
        f"picture, so no other network can describe {'them' if count > 1 else 'it'} anew: {', '.join(names)}{more}; "
        "teach again before you change the network"
    )
