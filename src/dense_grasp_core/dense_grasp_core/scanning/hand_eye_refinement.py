"""A camera's place on the hand, refined by a scan: all pictures must put table and object into one place.

The error of a hand-eye transform is one motion between the optical frame as it is published and as it really is, the
same in every picture. Depth points of each picture are carried into others and drawn to the planes there (Chen and
Medioni, "Object modelling by registration of multiple range images", 1992), the less the farther away (Geman and
McClure), with that one motion free: all pictures together have six unknowns, where registering them pair by pair would
have six each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import exp, inverse, log, transform
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.table_object import TableObject

Array = NDArray[np.float64]
_CELL_WIDTH = 160  # cells across a picture, each the mean of its pixels: noise is less, normals are there
_FLAT = 0.02  # of a cell's depth that its pixels may differ by
_POINTS = 300  # of a picture
_PARTNERS = 6  # pictures that each one is compared with
_LEAST_TURN, _MOST_TURN = np.radians(8.0), np.radians(75.0)  # between the directions of two pictures
_SAME_SIDE = 0.7  # cosine between two normals that are one surface's
_REACH = 0.03, 0.008  # m between two points that are one, at first and at last
_STEPS = 25
_INDEPENDENT = 25.0  # points of a pair of pictures; the others repeat what these say
_MOUNT = np.array([0.02] * 3 + [np.radians(4.0)] * 3)  # deviation of a mount before anything is seen, m and rad
_FEWEST = 200
_NOISE = 0.0003  # m
_AROUND = np.array([0.12, 0.12, 0.03])  # m of the table around the object that counts too
_LEAST_SHIFT, _LEAST_TURN_OFF = 0.001, np.radians(0.15)  # less is not worth a word
_SURE = 3.0  # deviations


class RefinementError(DenseGraspError):
    """Pictures that say nothing about where the camera sits."""


@dataclass(frozen=True)
class HandEyeRefinement:
    """published_from_true: (4, 4), the optical frame as it is, in the optical frame as TF says. deviation (6,): of its
    translation, m, and rotation, rad. before, after: m, median distance of one picture's points from the others'
    surfaces.
    """

    published_from_true: Array
    deviation: Array
    before: float
    after: float

    @property
    def shift(self) -> float:
        """How far the camera is from where TF says, m."""
        return float(np.linalg.norm(self.published_from_true[:3, 3]))

    @property
    def turn(self) -> float:
        """How far it is turned from what TF says, rad."""
        return float(np.linalg.norm(log(self.published_from_true)[3:]))

    @property
    def is_off(self) -> bool:
        """Whether the camera is not where TF says, by more than what the pictures leave open."""
        shift, turn = (_SURE * float(np.linalg.norm(part)) for part in (self.deviation[:3], self.deviation[3:]))
        return self.shift > max(_LEAST_SHIFT, shift) or self.turn > max(_LEAST_TURN_OFF, turn)

    def applied(self, picture: PosedPicture) -> PosedPicture:
        """The picture with the camera where it really was."""
        return replace(picture, base_from_camera=picture.base_from_camera @ self.published_from_true)

    def moved(self, table_object: TableObject, first: PosedPicture) -> TableObject:
        """The object where it really stands. first: the picture, as published, that it was seen in."""
        pose = first.base_from_camera
        points = transform(pose @ self.published_from_true @ inverse(pose), table_object.points)
        by = points.mean(axis=0) - table_object.points.mean(axis=0)
        low, high = table_object.low + by, table_object.high + by
        low[2] = table_object.low[2]  # it stands on the table
        return TableObject(points, low, high)

    def __str__(self) -> str:
        return (
            f"{1000.0 * self.shift:.1f} mm and {np.degrees(self.turn):.2f}° (pictures differ by "
            f"{1000.0 * self.before:.1f} mm before, {1000.0 * self.after:.1f} mm after)"
        )


def refine_hand_eye(pictures: Sequence[PosedPicture], table_object: TableObject) -> HandEyeRefinement:
    """Where the camera sits, from the object and the table around it, which must both have stood still.

    A depth that is wrong by a factor looks like a camera that sits nearer or farther off, and is told as that.
    Raises RefinementError where the pictures see too little of one place in common.
    """
    low, high = table_object.low - _AROUND, table_object.high + _AROUND
    clouds = [_cloud(picture) for picture in pictures]
    rng = np.random.default_rng(0)
    chosen = [_chosen(cloud, picture, low, high, rng) for cloud, picture in zip(clouds, pictures, strict=True)]
    pairs = _pairs(pictures, (low + high) / 2.0)
    if not pairs:
        raise RefinementError(
            f"no two of {len(pictures)} pictures look from directions between {np.degrees(_LEAST_TURN):.0f} and "
            f"{np.degrees(_MOST_TURN):.0f}° apart: a scan goes around the object"
        )
    motion = np.eye(4)
    before = after = float("nan")
    information = np.diag(1.0 / np.square(_MOUNT))
    for step in range(_STEPS):
        reach = max(_REACH[1], _REACH[0] * 0.8**step)
        rows, off = _differences(pictures, clouds, chosen, pairs, motion, reach)
        if len(off) < _FEWEST:
            raise RefinementError(
                f"{len(pictures)} pictures have {len(off)} points in common, expected {_FEWEST} or more: is hand-eye "
                "far off, or did the object move?"
            )
        after = float(np.median(np.abs(off)))
        before = after if step == 0 else before
        noise = max(_NOISE, 1.5 * after)
        weights = 1.0 / (1.0 + np.square(off / (2.0 * noise))) ** 2  # Geman and McClure's
        weights *= min(1.0, _INDEPENDENT * len(pairs) / len(off)) / noise**2
        information = rows.T @ (weights[:, None] * rows) + np.diag(1.0 / np.square(_MOUNT))
        change = -np.linalg.solve(information, rows.T @ (weights * off) + log(motion) / np.square(_MOUNT))
        motion = motion @ exp(change)
        if reach == _REACH[1] and np.linalg.norm(change[:3]) < 2e-5 and np.linalg.norm(change[3:]) < 2e-5:
            break
    deviation = np.sqrt(np.diag(np.linalg.inv(information)))
    return HandEyeRefinement(motion, deviation, before, after)


@dataclass(frozen=True)
class _Cloud:
    """points, normals (h, w, 3) camera frame, NaN where nothing is known; cell: pixels across one."""

    points: Array
    normals: Array
    cell: int


def _cloud(picture: PosedPicture) -> _Cloud:
    cell = max(1, picture.camera.width // _CELL_WIDTH)
    h, w = picture.depth.shape[0] // cell, picture.depth.shape[1] // cell
    blocks = picture.depth[: h * cell, : w * cell].reshape(h, cell, w, cell).swapaxes(1, 2).reshape(h, w, -1)
    known = blocks > 0.0
    count = known.sum(2)
    mean = np.where(count > 0, np.where(known, blocks, 0.0).sum(2) / np.maximum(count, 1), np.nan)
    spread = np.where(known, blocks, -np.inf).max(2) - np.where(known, blocks, np.inf).min(2)
    mean[(2 * count < cell * cell) | (spread > _FLAT * mean)] = np.nan
    v, u = np.mgrid[0:h, 0:w]
    middles = (np.stack([u.ravel(), v.ravel()], 1) + 0.5) * cell - 0.5
    points = picture.camera.deproject(middles, np.nan_to_num(mean.ravel(), nan=1.0)).reshape(h, w, 3)
    points[np.isnan(mean)] = np.nan
    normals = np.full_like(points, np.nan)
    across = points[2:-2, 4:] - points[2:-2, :-4]
    down = points[4:, 2:-2] - points[:-4, 2:-2]
    facing = np.cross(down, across)  # towards the camera
    with np.errstate(invalid="ignore"):
        normals[2:-2, 2:-2] = facing / np.linalg.norm(facing, axis=2, keepdims=True)
        # A normal across an edge is no surface's.
        reach = np.linalg.norm(across, axis=2) + np.linalg.norm(down, axis=2)
        normals[2:-2, 2:-2][reach > 40.0 * cell * mean[2:-2, 2:-2] / picture.camera.fx] = np.nan
    return _Cloud(points, normals, cell)


def _chosen(cloud: _Cloud, picture: PosedPicture, low: Array, high: Array, rng: np.random.Generator) -> NDArray:
    """Numbers (n,) of cells between the corners, at most _POINTS."""
    points, normals = cloud.points.reshape(-1, 3), cloud.normals.reshape(-1, 3)
    known = np.flatnonzero(np.isfinite(points).all(1) & np.isfinite(normals).all(1))
    places = transform(picture.base_from_camera, points[known])
    inside = known[np.all((places > low) & (places < high), axis=1)]
    return rng.permutation(inside)[:_POINTS]


def _pairs(pictures: Sequence[PosedPicture], centre: Array) -> list[tuple[int, int]]:
    """Each picture with others that look from elsewhere, but not from behind: the nearest and the farthest of them."""
    towards = np.array([picture.base_from_camera[:3, 3] for picture in pictures]) - centre
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    angles = np.arccos(np.clip(towards @ towards.T, -1.0, 1.0))
    pairs = []
    for number, row in enumerate(angles):
        others = np.flatnonzero((row > _LEAST_TURN) & (row < _MOST_TURN))
        others = others[np.argsort(row[others])]
        picked = others[np.unique(np.linspace(0, len(others) - 1, min(_PARTNERS, len(others))).astype(int))]
        pairs += [(number, int(other)) for other in picked]
    return pairs


def _differences(
    pictures: Sequence[PosedPicture],
    clouds: Sequence[_Cloud],
    chosen: Sequence[NDArray],
    pairs: Sequence[tuple[int, int]],
    motion: Array,
    reach: float,
) -> tuple[Array, Array]:
    """Distances (n,) of points of one picture from the planes of another, m, and their derivatives (n, 6) by a change
    of the motion on its right: motion @ exp(change).
    """
    poses = [picture.base_from_camera @ motion for picture in pictures]
    rows, off = [], []
    for one, other in pairs:
        cloud = clouds[other]
        points = clouds[one].points.reshape(-1, 3)[chosen[one]]
        facing = clouds[one].normals.reshape(-1, 3)[chosen[one]]
        between = inverse(poses[other]) @ poses[one]
        places, facing = transform(between, points), facing @ between[:3, :3].T
        pixels = (pictures[other].camera.project(places) + 0.5) / cloud.cell - 0.5
        h, w = cloud.points.shape[:2]
        cells = np.round(np.nan_to_num(pixels, nan=-1.0)).clip(-1, max(h, w)).astype(int)
        inside = (places[:, 2] > 0.0) & np.all((cells >= 0) & (cells < [w, h]), axis=1)
        u, v = np.where(inside[:, None], cells, 0).T
        planes, targets = cloud.normals[v, u], cloud.points[v, u]
        with np.errstate(invalid="ignore"):
            both = inside & (np.sum(planes * facing, axis=1) > _SAME_SIDE)
            both &= np.linalg.norm(places - targets, axis=1) < reach
        normals, places, points = planes[both], places[both], points[both]
        # d/dx of motion^-1 other^-1 one motion p: the motion stands on both sides.
        turned = normals @ between[:3, :3]
        rows.append(np.concatenate([turned - normals, np.cross(points, turned) - np.cross(places, normals)], axis=1))
        off.append(np.sum(normals * (places - targets[both]), axis=1))
    return np.concatenate(rows), np.concatenate(off)
