"""Which of the points of a scene are the object's: those above the table, in one piece, where the pictures look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.geometry.connected import connected
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanError
from numpy.typing import NDArray

from dense_grasp_train.scanning.structure_from_motion import Reconstruction

Array = NDArray[np.float64]
# Lengths as a share of the cameras' distance, which is all that is known of an object's size before it is found.
_ON_TABLE = 0.004
_ABOVE_TABLE = 0.012
_GAP = 0.05
_FEWEST_POINTS = 15
_LEAST_TABLE = 0.15
_TRIES = 500
_CLEARLY = 1.6


@dataclass(frozen=True)
class Click:
    """A pixel (2,) of the files' width in a picture, on the object."""

    picture: str
    pixel: Array


def on_table(sfm: Reconstruction, seed: int = 0) -> Reconstruction:
    """The scene with the plane that most points lie in as z = 0, z towards the cameras.

    Raises ScanError where there is none.
    """
    rng = np.random.default_rng(seed)
    points, places = sfm.points, sfm.places
    tolerance = _ON_TABLE * _distance(sfm)
    best: tuple[int, Array, float] = (0, np.zeros(3), 0.0)
    for _ in range(_TRIES):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = float(np.linalg.norm(normal))
        if length < 1e-12:
            continue
        normal /= length
        if np.median((places - a) @ normal) < 0:
            normal = -normal
        count = int((np.abs((points - a) @ normal) < tolerance).sum())
        if count > best[0] and ((places - a) @ normal > 0).mean() > 0.8:
            best = (count, normal, float(a @ normal))
    if best[0] < _LEAST_TABLE * len(points):
        raise ScanError(
            f"{best[0]} of {len(points)} points lie in one plane, expected a table with a pattern on it under the "
            "object; put printed paper under it, or give masks with --masks"
        )
    inliers = points[np.abs(points @ best[1] - best[2]) < tolerance]
    middle = inliers.mean(0)
    normal = np.linalg.svd(inliers - middle, full_matrices=False)[2][2]
    normal = normal if normal @ best[1] > 0 else -normal
    return sfm.moved(_frame(normal, middle, places))


def upright_by_cameras(sfm: Reconstruction) -> Reconstruction:
    """A scene without a table: z is up in most pictures, its origin is where they look."""
    up = -sfm.camera_from_world[:, 1, :3].mean(0)
    return sfm.moved(_frame(up / np.linalg.norm(up), _aim(sfm), sfm.places))


def object_points(sfm: Reconstruction, click: Click | None) -> NDArray[np.int64]:
    """The numbers of the object's points in a scene whose table is z = 0.

    Raises ScanError when nothing stands there, or several things do and none is clicked.
    """
    distance = _distance(sfm)
    above = np.nonzero((sfm.points[:, 2] > _ABOVE_TABLE * distance) & (sfm.points[:, 2] < 0.8 * distance))[0]
    aim = _aim(sfm)
    above = above[np.linalg.norm(sfm.points[above, :2] - aim[:2], axis=1) < distance]
    pieces = [above[piece] for piece in _pieces(sfm.points[above], _GAP * distance)]
    pieces = [piece for piece in pieces if len(piece) >= _FEWEST_POINTS]
    if not pieces:
        raise ScanError(
            f"nothing of {_FEWEST_POINTS} points stands on the table, expected the object; it may be too smooth "
            "or too shiny; give masks with --masks"
        )
    if click is not None:
        index = sfm.index(click.picture)
        off = [_pixels_off(sfm, index, piece, click.pixel) for piece in pieces]
        return pieces[int(np.argmin(off))]
    off = [float(np.linalg.norm(np.median(sfm.points[piece], axis=0)[:2] - aim[:2])) for piece in pieces]
    order = np.argsort(off)
    if len(order) > 1 and off[order[1]] < max(_CLEARLY * off[order[0]], 0.15 * distance):
        raise ScanError(
            f"{len(pieces)} things stand on the table and the pictures look at none of them alone, expected one "
            "object: click it with --at PICTURE:U,V"
        )
    return pieces[order[0]]


def _distance(sfm: Reconstruction) -> float:
    """Median distance of the cameras from the points that they see."""
    depths = [
        np.median(transform(pose, sfm.points[seen])[:, 2])
        for pose, seen in zip(sfm.camera_from_world, sfm.seen, strict=True)
        if len(seen)
    ]
    return float(np.median(depths))


def _aim(sfm: Reconstruction) -> Array:
    """The point (3,) nearest to the axes of all cameras."""
    axes = sfm.camera_from_world[:, 2, :3]
    across = np.eye(3) - np.einsum("vi,vj->vij", axes, axes)
    return np.linalg.lstsq(across.sum(0), np.einsum("vij,vj->i", across, sfm.places), rcond=None)[0]


def _frame(normal: Array, middle: Array, places: Array) -> Array:
    """The frame (4, 4) with z along ``normal``, its origin at ``middle`` and x towards the first camera."""
    x = places[0] - middle
    x = x - (x @ normal) * normal
    x /= np.linalg.norm(x)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([x, np.cross(normal, x), normal])
    pose[:3, 3] = -pose[:3, :3] @ middle
    return pose


def _pieces(points: Array, gap: float) -> list[NDArray[np.int64]]:
    """Indices of points (n, 3) that hang together by steps below ``gap``, the largest piece first."""
    if not len(points):
        return []
    label = connected(points, gap)
    pieces = [np.nonzero(label == piece)[0] for piece in range(label.max() + 1)]
    return sorted(pieces, key=lambda piece: -len(piece))


def _pixels_off(sfm: Reconstruction, index: int, piece: NDArray[np.int64], pixel: Array) -> float:
    """Distance of a click from the nearest points of a piece, px: the fifth nearest, because a few may be astray."""
    pixels = sfm.camera.project(transform(sfm.camera_from_world[index], sfm.points[piece]))
    off = np.sort(np.linalg.norm(np.nan_to_num(pixels, nan=1e6) - pixel, axis=1))
    return float(off[min(4, len(off) - 1)])
