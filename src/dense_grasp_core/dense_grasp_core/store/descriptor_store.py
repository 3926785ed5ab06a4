"""Taught keypoints behind a database URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from numpy.typing import ArrayLike
from sqlalchemy.exc import IntegrityError

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store.database import Database
from dense_grasp_core.store.deletions import delete_last_sample, mark_deleted, of_name, restore_deleted
from dense_grasp_core.store.errors import (
    AlreadyExistsError,
    DamagedRowError,
    SampleError,
    StoreError,
    UnknownKeypointError,
)
from dense_grasp_core.store.nearest import unknown_keypoint
from dense_grasp_core.store.pictures import cannot_be_described, read_picture, without_picture
from dense_grasp_core.store.reading import MAX_ROWS, check_names, read_page, read_rows
from dense_grasp_core.store.rows import (
    Entry,
    Page,
    Row,
    check_name,
    is_name,
    row_from,
)
from dense_grasp_core.store.scan_folders import ScanFolders, folder_beside
from dense_grasp_core.store.schema import delete_rows, descriptors, key, living, selected
from dense_grasp_core.store.writing import insert_row, new_values

_OVERWRITE_ATTEMPTS = 5
T = TypeVar("T")


class DescriptorStore:
    """Taught descriptors behind a database URL (or a path, which means a SQLite file).

    Safe to use from several threads and processes. Every method raises StoreError, naming the database, when
    it cannot do its work; what it would have written is then not there. What a method has written when it returns
    is in the file that lies at the path then, and survives a kill -9 of the process and, on SQLite, a power cut.

    create: whether a database that is not there, or empty, is made. A SQLite file that is removed while it is in use
    is not made anew: every call raises StoreMissingError until a file is there again.
    """

    def __init__(self, url: str, create: bool = True) -> None:
        self._database = Database(url, create)
        path = self._database.path
        self._scans = None if path is None else ScanFolders(folder_beside(path))

    @property
    def scans(self) -> ScanFolders:
        """The scans of the objects, beside the file. Raises StoreError for a database that is no file."""
        if self._scans is None:
            raise StoreError("the store is no SQLite file, expected one: scans lie in a folder beside it")
        return self._scans

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know about how the store was opened, a sentence each."""
        return self._database.notes

    @property
    def writable(self) -> bool:
        """Whether the file may be written, as far as can be told without writing; True for another database."""
        return self._database.writable

    @property
    def journal_mode(self) -> str:
        """SQLite's; empty for another database."""
        return self._database.journal_mode

    @property
    def schema(self) -> int:
        """The version of the database's schema."""
        return self._database.version

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
        camera: CameraModel | None = None,
        *,
        picture: bytes = b"",
        network: str = "",
        object_point: tuple[float, float, float] | None = None,
        scan_view: int | None = None,
        scan: str = "",
        as_sample: bool = False,
    ) -> Row:
        """Stores descriptor (D,) taught at pixel (u, v) of an image of `camera`; its row, once that is on the disk.

        picture: the whole image, PNG, so that another network can describe the keypoint. network: its name for people.
        object_point: m, in the frame of the object's scan, whose view `scan_view` was clicked. scan: that scan's
        `frame_digest`, by which a later scan is known to have another frame. as_sample: keeps what the keypoint has and
        adds this as one more sample of the same point, MAX_SAMPLES at most, all by one network. Raises
        InvalidNameError, AlreadyExistsError (unless overwrite or as_sample), StoreError; with as_sample also
        UnknownKeypointError and SampleError.
        """
        values = new_values(
            object_id,
            keypoint,
            descriptor,
            model_id,
            (u, v),
            camera,
            picture_bytes=len(picture),
            network=network,
            object_point=object_point,
            columns={"scan_view": scan_view, "scan": scan, "patch": bytes(patch)},
        )
        if as_sample and overwrite:
            raise SampleError(f"{object_id}/{keypoint} is to be overwritten and to get one more sample, expected one")
        # On a server, two writers that change one keypoint at once collide on the unique key; the later tries again.
        for attempt in range(_OVERWRITE_ATTEMPTS):
            try:
                return self._insert(values, picture, overwrite, as_sample)
            except AlreadyExistsError:
                if not (overwrite or as_sample) or attempt == _OVERWRITE_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def get(self, object_id: str, keypoint: str) -> Row:
        """The row of one keypoint. Raises UnknownKeypointError, DamagedRowError."""
        return self.get_all(object_id, [keypoint])[0]

    def get_all(self, object_id: str, keypoints: Sequence[str] = ()) -> list[Row]:
        """Rows of the named keypoints of an object, in that order, or of all it has in order of name; from one moment.

        Raises UnknownKeypointError when one is not there or the object has none, DamagedRowError,
        TooManyRowsError for more than MAX_ROWS.
        """
        check_names((object_id, *keypoints))
        return self.run(lambda connection: read_rows(connection, self._database.version, object_id, keypoints))

    def picture(self, object_id: str, keypoint: str, sample: int = 0) -> tuple[Row, bytes]:
        """The row of a sample of a keypoint and the PNG bytes of the picture that it was taught on.

        Raises UnknownKeypointError, SampleError, NoPictureError, DamagedRowError.
        """
        check_names((object_id, keypoint))

        def read(connection: sa.Connection) -> tuple[Row, bytes]:
            (first,) = read_rows(connection, self._database.version, object_id, [keypoint])
            row = next((each for each in (first, *first.further) if each.sample == sample), None)
            if row is None:
                numbers = ", ".join(str(each.sample) for each in (first, *first.further))
                raise SampleError(f"{object_id}/{keypoint} has no sample {sample}; it has {numbers}")
            return row, read_picture(connection, row)

        return self.run(read)

    def list(self, object_id: str | None = None, offset: int = 0, limit: int = MAX_ROWS) -> Page:
        """Entries of one object, or of all when None or empty, ordered by object_id, keypoint; MAX_ROWS at most.

        One entry a keypoint, which says how many samples it has; `every_sample` lists those.
        """
        limit = min(max(limit, 0), MAX_ROWS)
        if object_id and not is_name(object_id):
            return Page([], 0, [])
        of_object = descriptors.c.object_id == object_id if object_id else sa.true()

        def read(connection: sa.Connection) -> Page:
            return read_page(connection, self._database.version, of_object, max(offset, 0), limit)

        return self.run(read)

    def every_sample(self) -> Iterator[Entry]:
        """Every sample of every keypoint in order of names. Reads the whole store, MAX_ROWS at a time."""
        offset = 0
        while True:
            page = self.run(partial(self._samples_from, offset=offset))
            yield from page.entries
            offset += MAX_ROWS
            if offset >= page.total:
                return

    def damaged(self) -> Iterator[tuple[int, str]]:
        """(id, sentence) of every row that cannot be used. Reads the whole store, MAX_ROWS rows at a time."""
        last: int | None = None
        while True:
            rows = self.run(partial(self._rows_after, last=last))
            if not rows:
                return
            for found in rows:
                try:
                    row = row_from(found)
                    if row.picture_bytes:
                        self.run(partial(read_picture, row=row))
                except DamagedRowError as error:
                    yield found["id"], str(error)
            last = rows[-1]["id"]

    def without_picture(self) -> str:
        """A sentence about the rows that another network cannot describe, for want of their picture; "" for none."""
        return self.run(lambda connection: cannot_be_described(*without_picture(connection, self._database.version)))

    def integrity(self) -> Sequence[str]:
        """What SQLite's own check of every page and index finds, a line each; "ok" alone for a file in order."""
        return self.run(lambda connection: [*connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars()])

    def rename(self, object_id: str, keypoint: str, new_name: str) -> int:
        """Gives a keypoint, or with "" the object itself, another name; the number of keypoints, all or none.

        Raises UnknownKeypointError, InvalidNameError, AlreadyExistsError when the new name is in use.
        """
        check_names((object_id, keypoint) if keypoint else (object_id,), "nothing was renamed")
        check_name("new_name", new_name)
        condition = sa.and_(of_name(object_id, keypoint), living())
        column = descriptors.c.keypoint if keypoint else descriptors.c.object_id
        taken = sa.and_(key(object_id, new_name) if keypoint else of_name(new_name), living())
        in_use = AlreadyExistsError(
            f"store already has {f'{object_id}/{new_name}' if keypoint else f'object {new_name}'}, nothing was "
            "renamed; delete it first, or choose another name"
        )

        def rename(connection: sa.Connection) -> int:
            if connection.execute(sa.select(descriptors.c.id).where(taken).limit(1)).first() is not None:
                raise in_use
            counted = sa.select(sa.func.count()).select_from(descriptors).where(condition, descriptors.c.sample == 0)
            renamed = int(connection.execute(counted).scalar_one())
            if renamed == 0:
                raise UnknownKeypointError(f"{unknown_keypoint(connection, object_id, keypoint)}; nothing was renamed")
            connection.execute(sa.update(descriptors).where(condition).values({column: new_name}))
            if not keypoint and self._scans is not None:
                self._scans.rename(object_id, new_name)  # last: where that fails the rows keep their name, too
            return renamed

        try:
            return self.run(rename, write=True)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):  # on a server, somebody taught it meanwhile
                raise in_use from error
            raise

    def delete(self, object_id: str, keypoint: str = "", last_sample: bool = False) -> int:
        """Removes a keypoint, or when empty every keypoint of the object and its scan; the number of keypoints.

        last_sample: only the sample of the keypoint that was added last. The last deletions are kept (`restore`), an
        object's scan is not. Raises UnknownKeypointError when there was nothing to remove, SampleError.
        """
        check_names((object_id, keypoint) if keypoint else (object_id,), "nothing was deleted")
        if last_sample and not keypoint:
            raise SampleError(f"the last sample of object {object_id} was to be deleted, expected that of a keypoint")

        def delete(connection: sa.Connection) -> int:
            if last_sample:
                delete_last_sample(connection, object_id, keypoint)
                return 0
            deleted = mark_deleted(connection, of_name(object_id, keypoint))
            if deleted == 0:
                raise UnknownKeypointError(f"{unknown_keypoint(connection, object_id, keypoint)}; nothing was deleted")
            if not keypoint and self._scans is not None:
                self._scans.remove(object_id)  # last, as in rename
            return deleted

        return self.run(delete, write=True)

    def restore(self, object_id: str, keypoint: str = "", overwrite: bool = False) -> int:
        """Takes back the last deletion, or overwriting, of a keypoint, or when empty of keypoints of the object.

        The number of samples that are there again. overwrite: what has the name now gives way, and can be restored in
        its turn. Raises UnknownKeypointError when no deletion is kept, AlreadyExistsError.
        """
        check_names((object_id, keypoint) if keypoint else (object_id,), "nothing was restored")
        return self.run(lambda connection: restore_deleted(connection, object_id, keypoint, overwrite), write=True)

    def delete_row(self, row_id: int) -> None:
        """Removes the row with this id for good, whatever it holds. Raises UnknownKeypointError."""
        if self.run(lambda connection: delete_rows(connection, descriptors.c.id == row_id), write=True) == 0:
            raise UnknownKeypointError(f"store has no row {row_id}, nothing was deleted")

    def close(self) -> None:
        """Closes the connections; using the store again opens new ones."""
        self._database.close()

    def _samples_from(self, connection: sa.Connection, offset: int) -> Page:
        return read_page(connection, self._database.version, sa.true(), offset, MAX_ROWS, first_only=False)

    def _rows_after(self, connection: sa.Connection, last: int | None) -> Sequence[dict[str, Any]]:
        version = self._database.version
        query = sa.select(*selected(version, with_bytes=True)).where(living(version))
        if last is not None:
            query = query.where(descriptors.c.id > last)
        return [dict(row) for row in connection.execute(query.order_by(descriptors.c.id).limit(MAX_ROWS)).mappings()]

    def _insert(self, values: dict[str, Any], picture: bytes, overwrite: bool, as_sample: bool) -> Row:
        try:
            row_id = self.run(
                lambda connection: insert_row(connection, values, picture, overwrite, as_sample), write=True
            )
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                name = f"{values['object_id']}/{values['keypoint']}"
                raise AlreadyExistsError(
                    f"store already has {name}; set overwrite to replace it, or add_sample to add to it"
                ) from error
            raise
        return row_from({"id": row_id, "descriptor_bytes": len(values["descriptor"]), **values})

    def run(self, work: Callable[[sa.Connection], T], write: bool = False) -> T:
        """One transaction, all of it or nothing; see `Database.run`."""
        return self._database.run(work, write)
