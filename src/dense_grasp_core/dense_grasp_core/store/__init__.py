"""The descriptor store: taught keypoints in a database, SQLite by default.

What `add` has returned survives a kill -9 of the process and, on SQLite, a power cut.
"""

from dense_grasp_core.store.descriptor_store import DescriptorStore
from dense_grasp_core.store.errors import (
    AlreadyExistsError,
    DamagedRowError,
    InvalidNameError,
    ModelMismatchError,
    NoPictureError,
    NothingToUndoError,
    ReadOnlyError,
    SampleError,
    StoreError,
    StoreMissingError,
    TooManyRowsError,
    UnknownKeypointError,
)
from dense_grasp_core.store.reading import MAX_ROWS
from dense_grasp_core.store.rows import Entry, Page, Row, check_comparable, check_name, comparable_descriptors
from dense_grasp_core.store.schema import SCHEMA_VERSION

__all__ = [
    "MAX_ROWS",
    "SCHEMA_VERSION",
    "AlreadyExistsError",
    "DamagedRowError",
    "DescriptorStore",
    "Entry",
    "InvalidNameError",
    "ModelMismatchError",
    "NoPictureError",
    "NothingToUndoError",
    "Page",
    "ReadOnlyError",
    "Row",
    "SampleError",
    "StoreError",
    "StoreMissingError",
    "TooManyRowsError",
    "UnknownKeypointError",
    "check_comparable",
    "check_name",
    "comparable_descriptors",
]
