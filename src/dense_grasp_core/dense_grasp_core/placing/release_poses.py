"""Where the tool centre point is when it lets go of what it holds."""

from __future__ import annotations

import numpy as np

from dense_grasp_core.geometry.se3 import angle_about_z, exp, inverse, transform
from dense_grasp_core.grasping.holding import Grip
from dense_grasp_core.grasping.interfaces import Array
from dense_grasp_core.motion.grasped_object import split_object

#: rad between the turns about the vertical that are tried where the goal leaves it open.
TURN = np.pi / 6
#: m over its support that an object is let go at: the point that it is put on is measured to some millimetres.
GAP = 0.003
#: m of the points of the support that count as none of the object standing on it.
SUPPORT_MARGIN = 0.012
#: m, edge of the cells of the area that an object covers as seen from above.
_CELL = 0.01


def own_points(grip: Grip, support: float) -> Array:
    """Points (N, 3) m, base frame, of what is held, as it was seen before the fingers closed; support: m, the height of
    what it stood on.
    """
    points = np.asarray(grip.world.points_base, dtype=float).reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    points = points[points[:, 2] > support + SUPPORT_MARGIN]
    if grip.world.target_point is None:
        return points[:0]
    return split_object(points, np.asarray(grip.world.target_point, dtype=float))[0]


def middle_from_tcp(grip: Grip, support: float) -> Array:
    """(2,) m, base frame: from the tool centre point to the middle of the area that the object covered as seen from
    above; zeros where nothing was seen of it.
    """
    own = own_points(grip, support)
    if not len(own):
        return np.zeros(2)
    cells = np.unique(np.floor(own[:, :2] / _CELL).astype(np.int64), axis=0)
    return np.asarray((cells + 0.5).mean(axis=0) * _CELL - grip.base_from_tcp[:2, 3])


def on_point(grip: Grip, point: Array, support: float) -> list[Array]:
    """base_from_tcp (4, 4) that bring the object's middle over the point (3,) m and what it stood on to the point's
    height, as it stood when it was picked up: turned as it was first, then by steps about the vertical.
    """
    offset = middle_from_tcp(grip, support)
    height = float(grip.base_from_tcp[2, 3]) - support
    poses = []
    half = round(np.pi / TURN)
    for step in sorted(range(1 - half, half + 1), key=abs):
        turn = _about_vertical(step * TURN)
        pose = turn @ grip.base_from_tcp
        pose[:2, 3] = point[:2] - turn[:2, :2] @ offset
        pose[2, 3] = point[2] + height + GAP
        poses.append(pose)
    return poses


def at_pose(grip: Grip, pose: Array, upright: bool) -> list[Array]:
    """base_from_tcp (4, 4) for a pose of the object's frame where the grip knows it, else of the tool centre point.

    upright: of the pose's rotation only the turn about the vertical counts, from how the object stood when it was
    scanned (its frame's z up), else picked up.
    """
    goal = np.array(pose, dtype=float)
    known = grip.tcp_from_object
    stood = np.eye(3) if known is not None else grip.base_from_tcp[:3, :3]
    if upright:
        goal[:3, :3] = _about_vertical(angle_about_z(goal[:3, :3] @ stood.T))[:3, :3] @ stood
    return [goal if known is None else goal @ inverse(known)]


def tilt(rotation: Array) -> float:
    """rad between the vertical and where a rotation (3, 3) takes it."""
    return float(np.arccos(np.clip(rotation[2, 2], -1.0, 1.0)))


def is_of_held(point: Array, grip: Grip, base_from_tcp: Array, support: float, near: float) -> bool:
    """Whether a point (3,) m of the base frame lies within `near` m of what the hand at the pose (4, 4) holds."""
    own = own_points(grip, support)
    if not len(own):
        return False
    now = transform(base_from_tcp @ inverse(grip.base_from_tcp), own)
    return bool(np.linalg.norm(now - point, axis=1).min() < near)


def _about_vertical(angle: float) -> Array:
    return exp([0.0, 0.0, 0.0, 0.0, 0.0, angle])
