"""What can go wrong with a store. Every message names the database, what happened and what to do."""

from __future__ import annotations

from dense_grasp_core.errors import DenseGraspError


class StoreError(DenseGraspError):
    """The database cannot be opened, read or written; nothing was changed."""


class StoreMissingError(StoreError):
    """The database file is not there, or holds nothing, and creating one was not allowed."""


class ReadOnlyError(StoreError):
    """The database can be read but not written."""


class DamagedRowError(StoreError):
    """One row cannot be used; the other rows can."""


class TooManyRowsError(StoreError):
    """More rows were asked for at once than one answer holds."""


class UnknownKeypointError(StoreError):
    """The store holds no such object or keypoint."""


class AlreadyExistsError(StoreError):
    """A keypoint of that name is stored and overwriting was not asked for."""


class SampleError(StoreError):
    """A sample that cannot be added to, or taken from, what a keypoint has."""


class NothingToUndoError(StoreError):
    """The store was not described anew, or that was taken back already."""


class NoPictureError(StoreError):
    """The keypoint was taught without its whole picture, so it can neither be shown nor described anew."""


class InvalidNameError(StoreError):
    """An object or keypoint name with other characters than [A-Za-z0-9_.-] or not 1..64 of them."""


class ModelMismatchError(DenseGraspError):
    """A descriptor of another network or dimension: the two are never compared."""
