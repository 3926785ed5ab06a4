"""What can be picked up and what it is put on in a running cell: where they are, points of theirs, what was touched."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from dense_grasp_assets.cap.mesh import cap_point
from dense_grasp_assets.solids.solid import Solid, solid_point
from dense_grasp_core.geometry import se3
from numpy.typing import NDArray

from dense_grasp_sim.physics.referee import contacts_on, touched_bodies, without
from dense_grasp_sim.world.cell_model import Cell, CellError
from dense_grasp_sim.world.objects import OBJECT_BODY, SUPPORT_BODY

Array = NDArray[np.float64]
_EMPTY = "the table is empty, expected an object on it"
_DROP = 0.003  # m above its place a body is let go


def let_go(data: mujoco.MjData, body: str, base_from_body: Array) -> None:
    """Put a free body a little above a pose (4, 4), at rest."""
    x, y, z, w = se3.to_quaternion(base_from_body)
    joint = data.joint(body)
    joint.qpos[:] = [*(base_from_body[:3, 3] + [0.0, 0.0, _DROP]), w, x, y, z]
    joint.qvel[:] = 0.0


def pose_of(data: mujoco.MjData, body: str) -> Array:
    """(4, 4) pose of a free body in the base frame."""
    q = data.joint(body).qpos
    return se3.from_quaternion([q[4], q[5], q[6], q[3]], q[:3])


def object_pose(cell: Cell, data: mujoco.MjData) -> Array:
    """(4, 4) base_from_object. Raises CellError on an empty table."""
    if cell.object is None:
        raise CellError(_EMPTY)
    return pose_of(data, OBJECT_BODY)


def point_of(cell: Cell, data: mujoco.MjData, part: str, u: float, v: float, followed: str = OBJECT_BODY) -> Array:
    """(3,) m, base frame: a point (part, u, v) of the cap's surface or of the box around a solid (see solid_point), and
    with a part "carton/…" of the carton beside it, with "object_2/…" of the second of several equal ones, with
    "reported/…" of the one that is `followed`. Raises CellError where there is none, CapError, SolidError.
    """
    owner, _, side = part.rpartition("/")
    body = followed if owner == "reported" else owner
    if body in cell.equals and isinstance(cell.object, Solid):
        return se3.transform(pose_of(data, body), solid_point(cell.object, side, u, v))
    if owner:
        if cell.support is None or cell.support.kind != owner:
            raise CellError(f"part is {part!r}, and there is no {owner} beside the object")
        return se3.transform(pose_of(data, SUPPORT_BODY), solid_point(cell.support, side, u, v))
    picked = cell.object
    if picked is None:
        raise CellError(_EMPTY)
    local = solid_point(picked, part, u, v) if isinstance(picked, Solid) else cap_point(picked.params, part, u, v)
    return se3.transform(pose_of(data, OBJECT_BODY), local)


def touched_in(cell: Cell, pairs: Sequence[tuple[str, str, str, str]]) -> frozenset[str]:
    """Things that arm or object touch, and parts of the arm, but the fingers, that touch a solid.

    A stand and a support are there for the object, so only the arm's touch counts.
    """
    for stand in (*cell.stands, SUPPORT_BODY):
        pairs = without(pairs, OBJECT_BODY, stand)
    touched = touched_bodies(without(pairs, SUPPORT_BODY, "table"), frozenset((*cell.things, SUPPORT_BODY)))
    if not isinstance(cell.object, Solid):
        return touched
    may = {"world", "table", *cell.things, *cell.names.record.finger_links}
    return touched | (set(contacts_on(pairs, OBJECT_BODY, frozenset()).others) - may)
