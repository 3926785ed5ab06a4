"""The rows of one answer: by keypoint, or all of an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from dense_grasp_core.store.errors import DamagedRowError, TooManyRowsError, UnknownKeypointError
from dense_grasp_core.store.nearest import unknown_keypoint
from dense_grasp_core.store.rows import Page, Row, entry_from, is_name, row_from, shown
from dense_grasp_core.store.schema import WITH_DELETIONS, descriptors, first_samples, key, living, selected

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

    A row holds the further samples of its keypoint. Raises UnknownKeypointError, DamagedRowError, TooManyRowsError for
    more than MAX_ROWS.
    """
    query = sa.select(*selected(version, with_bytes=True)).where(living(version))
    if keypoints:
        queries = [query.where(key(object_id, keypoint)) for keypoint in keypoints]
    else:
        queries = [query.where(descriptors.c.object_id == object_id).limit(MAX_ROWS + 1)]
    found: list[dict[str, Any]] = []
    for query, keypoint in zip(queries, keypoints or ("",), strict=True):
        order = query.order_by(descriptors.c.keypoint, *([descriptors.c.sample] if version >= WITH_DELETIONS else []))
        rows = [dict(row) for row in connection.execute(order).mappings()]
        if not rows:
            raise UnknownKeypointError(unknown_keypoint(connection, object_id, keypoint, version))
        found += rows
    if len(found) > MAX_ROWS:
        raise TooManyRowsError(f"more than {MAX_ROWS} samples of {object_id} asked for at once; name fewer keypoints")
    return _with_samples([row_from(row) for row in found])


def read_page(
    connection: sa.Connection,
    version: int,
    condition: sa.ColumnElement[bool],
    offset: int,
    limit: int,
    first_only: bool = True,
) -> Page:
    """Entries of a condition in order of names: a keypoint each, with the number of its samples, or else a sample each.

    `version`: of the store. A damaged row is left out, with its sentence.
    """
    wanted = sa.and_(condition, first_samples(version) if first_only else living(version))
    order = [descriptors.c.object_id, descriptors.c.keypoint]
    columns = [*selected(version, with_bytes=False)]
    if version >= WITH_DELETIONS:
        order.append(descriptors.c.sample)
        if first_only:
            columns.append(_number_of_samples())
    total = connection.execute(sa.select(sa.func.count()).select_from(descriptors).where(wanted)).scalar_one()
    query = sa.select(*columns).where(wanted).order_by(*order).limit(limit).offset(offset)
    result = connection.execute(query)
    names = tuple(result.keys())
    entries, damaged = [], []
    for found in result.all():
        try:
            entries.append(entry_from(dict(zip(names, found, strict=True))))
        except DamagedRowError as error:
            damaged.append(str(error))
    return Page(entries, total, damaged)


def _number_of_samples() -> sa.Label[int]:
    other = descriptors.alias()
    same = sa.and_(
        other.c.object_id == descriptors.c.object_id,
        other.c.keypoint == descriptors.c.keypoint,
        other.c.deletion == 0,
    )
    return (
        sa.select(sa.func.count())
        .select_from(other)
        .where(same)
        .correlate(descriptors)
        .scalar_subquery()
        .label("samples")
    )


def _with_samples(rows: Sequence[Row]) -> list[Row]:
    """A row for each first sample, the samples that follow it in its `further`."""
    together: list[list[Row]] = []
    for row in rows:
        if row.sample == 0 or not together:
            together.append([])
        together[-1].append(row)
    return [replace(first, further=tuple(further)) if further else first for first, *further in together]
