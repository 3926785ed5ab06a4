"""Rows that were deleted or overwritten: kept for a while under the number of their deletion, to be undone."""

from __future__ import annotations

import sqlalchemy as sa

from dense_grasp_core.store.errors import AlreadyExistsError, SampleError, UnknownKeypointError
from dense_grasp_core.store.nearest import unknown_keypoint
from dense_grasp_core.store.schema import delete_rows, descriptors, key, living

#: Deletions that are kept; older ones go for good, with their pictures.
KEPT_DELETIONS = 20


def of_name(object_id: str, keypoint: str = "") -> sa.ColumnElement[bool]:
    """The condition of a keypoint's rows, or with "" of the object's, deleted or not."""
    return key(object_id, keypoint) if keypoint else descriptors.c.object_id == object_id


def mark_deleted(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    """Makes the living rows of a condition, all of one object, the newest deletion; how many keypoints they are of.

    0 when there is none. The oldest deletion beyond KEPT_DELETIONS goes for good.
    """
    keypoints = _mark(connection, condition)
    _forget_oldest(connection)
    return keypoints


def delete_last_sample(connection: sa.Connection, object_id: str, keypoint: str) -> None:
    """Deletes the sample that was added last. Raises UnknownKeypointError; SampleError when it is the only one."""
    number = connection.execute(
        sa.select(sa.func.max(descriptors.c.sample)).where(key(object_id, keypoint), living())
    ).scalar()
    if number is None:
        raise UnknownKeypointError(f"{unknown_keypoint(connection, object_id, keypoint)}; nothing was deleted")
    if number == 0:
        raise SampleError(
            f"{object_id}/{keypoint} has one sample, expected two or more to take the last away; delete the keypoint"
        )
    mark_deleted(connection, sa.and_(key(object_id, keypoint), descriptors.c.sample == number))


def restore_deleted(connection: sa.Connection, object_id: str, keypoint: str, overwrite: bool) -> int:
    """Takes back the last deletion of a keypoint's rows, or with "" of the object's; the number of rows restored.

    overwrite: what has the names now becomes the newest deletion. Raises UnknownKeypointError when none is kept,
    AlreadyExistsError when a name is in use.
    """
    named = of_name(object_id, keypoint)
    number = connection.execute(
        sa.select(sa.func.max(descriptors.c.deletion)).where(named, descriptors.c.deletion > 0)
    ).scalar()
    if number is None:
        name = f"{object_id}/{keypoint}" if keypoint else f"object {object_id}"
        raise UnknownKeypointError(
            f"no deletion of {name} is kept, nothing was restored; the last {KEPT_DELETIONS} deletions are"
        )
    condition = sa.and_(named, descriptors.c.deletion == number)
    rows = connection.execute(sa.select(descriptors.c.keypoint, descriptors.c.sample).where(condition)).all()
    whole = sorted({found.keypoint for found in rows if found.sample == 0})
    # Keypoints of these names, with all their samples, give way to those that come back.
    used = sa.and_(descriptors.c.object_id == object_id, descriptors.c.keypoint.in_(whole), living())
    in_use = connection.execute(sa.select(descriptors.c.keypoint).where(used).limit(1)).scalar()
    if in_use is not None and not overwrite:
        raise AlreadyExistsError(
            f"store already has {object_id}/{in_use}, nothing was restored; delete or rename it, or overwrite it"
        )
    _mark(connection, used)
    for name, sample in rows:
        if name not in whole:
            _check_room_for_sample(connection, object_id, name, sample)
    restored = int(connection.execute(sa.update(descriptors).where(condition).values(deletion=0)).rowcount)
    _forget_oldest(connection)  # not before: what comes back may be the oldest
    return restored


def _mark(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    """As `mark_deleted`; forgets nothing."""
    gone = sa.and_(condition, living())
    counted = sa.select(sa.func.count(sa.distinct(descriptors.c.keypoint))).where(gone)
    keypoints = int(connection.execute(counted).scalar_one())
    if keypoints:
        number = (connection.execute(sa.select(sa.func.max(descriptors.c.deletion))).scalar() or 0) + 1
        connection.execute(sa.update(descriptors).where(gone).values(deletion=number))
    return keypoints


def _forget_oldest(connection: sa.Connection) -> None:
    numbers = sa.select(descriptors.c.deletion).distinct().where(descriptors.c.deletion > 0)
    beyond = numbers.order_by(descriptors.c.deletion.desc()).offset(KEPT_DELETIONS).limit(1)
    oldest = connection.execute(beyond).scalar()
    if oldest is not None:
        delete_rows(connection, sa.and_(descriptors.c.deletion > 0, descriptors.c.deletion <= oldest))


def _check_room_for_sample(connection: sa.Connection, object_id: str, keypoint: str, sample: int) -> None:
    used = {
        int(number)
        for number in connection.execute(
            sa.select(descriptors.c.sample).where(key(object_id, keypoint), living())
        ).scalars()
    }
    if not used:
        raise UnknownKeypointError(
            f"{unknown_keypoint(connection, object_id, keypoint)}; only its sample {sample} was deleted, "
            "nothing was restored"
        )
    if sample in used:
        raise AlreadyExistsError(f"{object_id}/{keypoint} has a newer sample {sample}, nothing was restored")
