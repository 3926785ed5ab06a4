"""What a misspelt name may have meant, by a bounded query."""

from __future__ import annotations

import difflib

import sqlalchemy as sa

from dense_grasp_core.store.schema import SCHEMA_VERSION, descriptors, first_samples
from dense_grasp_core.wording import counted

CANDIDATES = 200
SHOWN = 3


def unknown_keypoint(
    connection: sa.Connection, object_id: str, keypoint: str = "", version: int = SCHEMA_VERSION
) -> str:
    """A sentence: what is not there, the nearest names that are, and how many there are. Reads a few hundred names."""
    objects, keypoints = descriptors.c.object_id, descriptors.c.keypoint
    taught = first_samples(version)
    count = sa.select(sa.func.count()).select_from(descriptors).where(taught)
    of_object = connection.execute(count.where(objects == object_id)).scalar_one()
    if of_object:
        near = _nearest(connection, keypoint, keypoints, sa.and_(taught, objects == object_id))
        return (
            f"store has no {object_id}/{keypoint}; {object_id} has {counted(of_object, 'keypoint')}, "
            f"nearest: {_names(near)}"
        )
    total = connection.execute(count).scalar_one()
    name = f"{object_id}/{keypoint}" if keypoint else f"object {object_id}"
    if not total:
        return f"store has no {name}; it is empty, teach a keypoint first"
    near = _nearest(connection, object_id, objects, taught)
    return f"store has no {name}; it holds {counted(total, 'keypoint')}, nearest objects: {_names(near)}"


def _nearest(
    connection: sa.Connection, name: str, column: sa.ColumnElement[str], condition: sa.ColumnElement[bool]
) -> list[str]:
    """Names like `name` among those that begin alike, or else among the first of all."""
    query = sa.select(column).distinct().where(condition).order_by(column).limit(CANDIDATES)
    candidates: list[str] = []
    if name.isascii() and name:
        start, end = name[0], chr(ord(name[0]) + 1)
        around = query.where(column >= start, column < end)
        candidates = [*connection.execute(around.where(column >= name[: len(name) // 2 + 1])).scalars()]
        candidates += connection.execute(around).scalars()
    if not candidates:
        candidates = [*connection.execute(query).scalars()]
    longer = [candidate for candidate in candidates if name and candidate.startswith(name)]
    close = difflib.get_close_matches(name, dict.fromkeys(candidates), SHOWN, 0.5)
    return list(dict.fromkeys([*longer, *close]))[:SHOWN] or candidates[:SHOWN]


def _names(names: list[str]) -> str:
    return ", ".join(names)
