"""Rows described anew by another network, and back again: what they were is kept in `former_descriptors`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from dense_grasp_core.store.descriptor_store import DescriptorStore
from dense_grasp_core.store.errors import NothingToUndoError, StoreError
from dense_grasp_core.store.rows import NETWORK_LENGTH, Row
from dense_grasp_core.store.schema import SCHEMA_VERSION, descriptors, former_descriptors, living

_KEPT = ("model_id", "network", "dimension", "descriptor")


@dataclass(frozen=True)
class Replaced:
    """rows: changed. run: number under which their former descriptors are kept. passed_over: names of rows that were
    taught again, renamed or removed since they were read, which stay as they are.
    """

    rows: int
    run: int
    passed_over: list[str]


def replace_descriptors(
    store: DescriptorStore,
    changes: Sequence[tuple[Row, NDArray[np.float32]]],
    model_id: str,
    network: str,
) -> Replaced:
    """Gives rows their descriptor (D,) by another network, all in one transaction. Raises StoreError."""
    if store.schema != SCHEMA_VERSION:
        raise StoreError(
            f"the store has schema {store.schema}, expected {SCHEMA_VERSION}: make it writable, so that it is converted"
        )

    def replace(connection: sa.Connection) -> Replaced:
        last = connection.execute(sa.select(sa.func.max(former_descriptors.c.run))).scalar()
        run, passed_over = (last or 0) + 1, []
        for row, vector in changes:
            same = sa.and_(
                living(),
                descriptors.c.id == row.id,
                descriptors.c.object_id == row.object_id,
                descriptors.c.keypoint == row.keypoint,
                descriptors.c.sample == row.sample,
                descriptors.c.created == row.created,
                descriptors.c.model_id == row.model_id,
            )
            columns = [descriptors.c[name] for name in _KEPT]
            kept = sa.select(descriptors.c.id, sa.literal(run), *columns).where(same)
            connection.execute(sa.insert(former_descriptors).from_select(["descriptor_id", "run", *_KEPT], kept))
            values = {
                "model_id": model_id,
                "network": network[:NETWORK_LENGTH],
                "dimension": vector.size,
                "descriptor": np.ascontiguousarray(vector, dtype="<f4").tobytes(),
            }
            if connection.execute(sa.update(descriptors).where(same).values(**values)).rowcount == 0:
                passed_over.append(f"{row.object_id}/{row.keypoint}")
        return Replaced(len(changes) - len(passed_over), run, passed_over)

    return store.run(replace, write=True)


def undo_replacement(store: DescriptorStore) -> int:
    """Takes the last `replace_descriptors` back; the number of rows that are what they were.

    A row that was taught again since stays. Raises NothingToUndoError, StoreError.
    """

    def undo(connection: sa.Connection) -> int:
        run = connection.execute(sa.select(sa.func.max(former_descriptors.c.run))).scalar()
        if run is None:
            raise NothingToUndoError(
                "the store was not described anew, or that was taken back already; there is nothing to undo"
            )
        of_run = former_descriptors.c.run == run
        kept = sa.select(former_descriptors.c.descriptor_id).where(of_run)
        values = {
            name: sa.select(former_descriptors.c[name])
            .where(of_run, former_descriptors.c.descriptor_id == descriptors.c.id)
            .scalar_subquery()
            for name in _KEPT
        }
        of_kept = descriptors.c.id.in_(kept)  # deleted ones as well: they may be restored
        changed = connection.execute(
            sa.select(sa.func.count()).select_from(descriptors).where(of_kept, living())
        ).scalar_one()
        connection.execute(sa.update(descriptors).where(of_kept).values(**values))
        connection.execute(sa.delete(former_descriptors).where(of_run))
        return int(changed)

    if store.schema != SCHEMA_VERSION:
        raise NothingToUndoError(
            f"the store has schema {store.schema}, which was never described anew; there is nothing to undo"
        )
    return store.run(undo, write=True)
