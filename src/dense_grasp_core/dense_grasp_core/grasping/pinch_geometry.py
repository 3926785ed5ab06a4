"""Points, directions and poses that pinches are made of; all in the base frame, metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError

Array = NDArray[np.float64]


class GraspError(DenseGraspError):
    """Points or angles that define no pinch."""


def point_of(name: str, value: ArrayLike) -> Array:
    """A point or vector (3,). Raises GraspError naming it."""
    point = np.asarray(value, dtype=float)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise GraspError(f"{name} is {point.tolist()}, expected three finite numbers")
    return point


def unit_of(name: str, value: ArrayLike) -> Array:
    """A vector (3,) made one long. Raises GraspError naming it."""
    vector = point_of(name, value)
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise GraspError(f"{name} is {vector.tolist()}, expected a direction")
    return np.asarray(vector / length)


def part_across(vector: Array, direction: Array) -> Array:
    """What of the vector (3,) lies across a unit vector (3,)."""
    return np.asarray(vector - (vector @ direction) * direction)


def direction_between(
    name: str,
    a: ArrayLike | None,
    b: ArrayLike | None,
    least: float,
    across: Array | None = None,
    across_what: str = "",
    meaning: str = "",
) -> Array | None:
    """Unit vector from the point `a` to `b`, called `name`_a and `name`_b; None when neither is given.

    meaning: what a message calls the connection, else `name`.
    across: a unit vector (3,), called `across_what`, when only what of the connection lies across it counts. Raises
    GraspError when only one point is given, for points that are not finite, and when what counts is shorter than
    `least` m.
    """
    if (a is None) != (b is None):
        raise GraspError(f"only one of {name}_a and {name}_b is given, expected both or neither")
    if a is None or b is None:
        return None
    start, end = point_of(f"{name}_a", a), point_of(f"{name}_b", b)
    connection = end - start if across is None else part_across(end - start, across)
    length = float(np.linalg.norm(connection))
    if length < least:
        where = "" if across is None else f" across the {across_what}"
        raise GraspError(
            f"{meaning or name} from {start.tolist()} to {end.tolist()} is {length:.4f} m long{where}, "
            f"expected >= {least} m"
        )
    return np.asarray(connection / length)


def pose_of(rotation: Array, position: Array) -> Array:
    """(4, 4) of a rotation (3, 3) and a position (3,)."""
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = position
    return pose
