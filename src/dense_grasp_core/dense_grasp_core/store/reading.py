"""The rows of one answer: by keypoint, or all of an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from dense_grasp_core.store.errors import TooManyRowsError, UnknownKeypointError
from dense_grasp_core.store.nearest import unknown_keypoint
from dense_grasp_core.store.rows import Row, is_name, row_from, shown
from dense_grasp_core.store.schema import descriptors, key, selected

#: Rows that one call returns at most.
MAX_ROWS = 1000


def check_names(names: Sequence[str], what: str = "") -> None:
    """Raises UnknownKeypointError for a name that can be none; `what`: was not done therefore."""
    for name in names:
        if not is_name(name):
            rule = f", {what}" if what else ": a name is 1..64 characters of [A-Za-z0-9_.-]"
            raise UnknownKeypointError(f"store has no {shown(name)}{rule}")


def read_rows(connection: sa.Connection, version: int, object_id: str, keypoints: Sequence[str]) -> list[Row]:
    """Rows of the named keypoints in that order, or of all the object has in order of name, of a store of `version`.

    Raises UnknownKeypointError, DamagedRowError, TooManyRowsError for more than MAX_ROWS.
    """
    columns = selected(version, with_bytes=True)
    if keypoints:
        queries = [sa.select(*columns).where(key(object_id, keypoint)) for keypoint in keypoints]
    else:
        all_of_object = sa.select(*columns).where(descriptors.c.object_id == object_id)
        queries = [all_of_object.order_by(descriptors.c.keypoint).limit(MAX_ROWS + 1)]
    found: list[dict[str, Any]] = []
    for query, keypoint in zip(queries, keypoints or ("",), strict=True):
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            raise UnknownKeypointError(unknown_keypoint(connection, object_id, keypoint))
        found += rows
    if len(found) > MAX_ROWS:
        raise TooManyRowsError(f"more than {MAX_ROWS} keypoints of {object_id} asked for at once; name fewer")
    return [row_from(row) for row in found]
