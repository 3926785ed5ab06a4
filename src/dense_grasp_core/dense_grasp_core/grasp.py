"""Pinch grasps from taught points: where the tool centre point goes and which way the fingers close.

The tcp frame is Franka's: z is the direction of approach, out of the hand; y is the closing direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError

Array = NDArray[np.float64]


class GraspError(DenseGraspError):
    """Points or angles that define no pinch."""


@dataclass(frozen=True)
class PinchSpec:
    """What a pinch is made from; all points and directions in the base frame, metres and radians.

    contact: the point between the finger pads. axis_a, axis_b: two points whose connection, seen along the
    approach, is the closing direction; both None leaves it free. table_normal: the hand comes against it.
    pinch_depth: how far the tcp goes beyond the contact along the approach.
    tilts: angles by which the hand may lean, besides upright, in order of preference.
    free_yaws: number of closing directions tried without an axis, spread over half a turn.
    min_axis: least length of the connection across the approach.
    approach_a, approach_b: two points that the hand moves along, from the first to the second, instead of against
    the table; the closing direction is then the axis, else surface_normal, the hand is turned by `yaws` about it, and
    leans out of the sheet by `leans`, with fingers that close at a slant.
    """

    contact: ArrayLike
    axis_a: ArrayLike | None = None
    axis_b: ArrayLike | None = None
    table_normal: ArrayLike = (0.0, 0.0, 1.0)
    pinch_depth: float = 0.015
    tilts: Sequence[float] = (math.radians(12.0), math.radians(25.0))
    free_yaws: int = 6
    min_axis: float = 0.01
    approach_a: ArrayLike | None = None
    approach_b: ArrayLike | None = None
    surface_normal: ArrayLike | None = None
    yaws: Sequence[float] = tuple(math.radians(yaw) for yaw in (0.0, 20.0, -20.0, 40.0, -40.0, 60.0, -60.0))
    leans: Sequence[float] = (0.0, math.radians(10.0), -math.radians(10.0))


def pinch_candidates(spec: PinchSpec) -> list[Array]:
    """base_from_tcp (4, 4) of every pinch worth trying, the preferred first.

    Upright with both signs of the closing direction, then leaning along the object's edge (about the closing
    direction, which keeps it exact), then leaning across (the fingers close at a slant). Raises GraspError
    with the values when the points are not finite, only one axis point is given, or the axis is too short.

    With approach points: along them, both signs of the closing direction, then the same for every further yaw, then all
    of this for every further lean, which is positive towards the closing direction of the first.
    """
    if spec.approach_a is not None or spec.approach_b is not None:
        return _along_sheet(spec)
    contact = _point("contact", spec.contact)
    approach = -_unit("table_normal", spec.table_normal)
    result = []
    for closing in _closing_directions(spec, approach):
        upright = np.stack([np.cross(closing, approach), closing, approach], axis=1)
        result.append(upright)
    upright_count = len(result)
    for tilt in spec.tilts:
        for axis in (1, 0):
            for index in range(upright_count):
                for angle in (tilt, -tilt):
                    result.append(result[index] @ _rotation(axis, angle))
    return [_pose(rotation, contact + spec.pinch_depth * rotation[:, 2]) for rotation in result]


def surface_normal(contact: ArrayLike, points: ArrayLike, radius: float = 0.02, fewest: int = 12) -> Array:
    """Unit normal (3,), of either sign, of the plane through the surface around `contact`.

    points: (N, 3) surface points in the base frame; those within `radius` m are fitted, without outliers. Raises
    GraspError when there are fewer than `fewest`, or when they lie along a line.
    """
    point, surface = _point("contact", contact), np.asarray(points, dtype=float).reshape(-1, 3)
    near = surface[np.linalg.norm(surface - point, axis=1) <= radius]
    normal, spread = np.zeros(3), np.zeros(3)
    for _ in range(3):
        if len(near) < fewest:
            raise GraspError(
                f"{len(near)} surface points were seen within {radius} m of {point.round(3).tolist()}, "
                f"expected >= {fewest} for the direction of the surface"
            )
        middle = near.mean(axis=0)
        _, spread, axes = np.linalg.svd(near - middle, full_matrices=False)
        normal = axes[2]
        distance = np.abs((near - middle) @ normal)
        near = near[distance <= max(2.5 * float(np.sqrt(np.mean(distance**2))), 1e-6)]
    if spread[1] < 0.2 * spread[0]:
        raise GraspError(
            f"the surface points around {point.round(3).tolist()} lie along a line, expected a patch of surface"
        )
    return np.asarray(normal)


def depth_past_edge(
    contact: ArrayLike,
    approach: ArrayLike,
    points: ArrayLike,
    overlap: float,
    reach: float = 0.04,
    half_width: float = 0.01,
) -> float:
    """Least pinch_depth (m) with which fingers that come along a sheet end `overlap` m behind the edge they pass first.

    approach: (3,) direction of the hand. points: (N, 3) surface points in the base frame; those count that lie in the
    fingers' way, at most `half_width` m beside the line through `contact` and at most `reach` m before it. -inf where
    there are fewer than three: the third one from the front is the edge, since single points of a depth image fly.
    """
    point, direction = _point("contact", contact), _unit("approach", approach)
    offsets = np.asarray(points, dtype=float).reshape(-1, 3) - point
    along = offsets @ direction
    aside = np.linalg.norm(offsets - along[:, None] * direction, axis=1)
    in_the_way = (aside <= half_width) & (np.abs(along) <= reach)
    if np.count_nonzero(in_the_way) < 3:
        return -math.inf
    return float(np.sort(along[in_the_way])[2]) + overlap


def depth_to_overlap(contact: ArrayLike, points: ArrayLike, overlap: float, radius: float = 0.025) -> float:
    """Least pinch_depth (m) with which finger tips from above end `overlap` m below the surface's top beside `contact`.

    A point on a steep wall is found well in the image and badly in height; the edge above it is seen directly. points:
    (N, 3) surface points in the base frame. -inf where fewer than three lie within `radius` m across the vertical: the
    third highest counts, since single points of a depth image fly.
    """
    point, surface = _point("contact", contact), np.asarray(points, dtype=float).reshape(-1, 3)
    near = np.linalg.norm(surface[:, :2] - point[:2], axis=1) <= radius
    if np.count_nonzero(near) < 3:
        return -math.inf
    top = float(np.sort(surface[near, 2])[-3])
    return float(point[2]) - top + overlap


def pre_grasp(base_from_tcp: ArrayLike, distance: float) -> Array:
    """base_from_tcp (4, 4) of the same hand drawn back by `distance` m against its approach."""
    pose = np.array(base_from_tcp, dtype=float)
    pose[:3, 3] -= distance * pose[:3, 2]
    return pose


def _along_sheet(spec: PinchSpec) -> list[Array]:
    """Candidates along the approach points.

    The approach is what of their connection lies across the closing direction, not the other way round: the surface
    between the fingers is measured by many points, the connection by two that were each found in an image.
    """
    if spec.approach_a is None or spec.approach_b is None:
        raise GraspError("only one of approach_a and approach_b is given, expected both or neither")
    contact = _point("contact", spec.contact)
    closing = _closing_of_sheet(spec)
    a, b = _point("approach_a", spec.approach_a), _point("approach_b", spec.approach_b)
    along = _across(b - a, closing)
    length = float(np.linalg.norm(along))
    if length < spec.min_axis:
        raise GraspError(
            f"approach from {a.tolist()} to {b.tolist()} is {length:.4f} m long across the closing direction, "
            f"expected >= {spec.min_axis} m"
        )
    along, aside = along / length, np.cross(closing, along / length)
    result = []
    for lean in spec.leans:
        for yaw in spec.yaws:
            level = math.cos(yaw) * along + math.sin(yaw) * aside
            approach = math.cos(lean) * level + math.sin(lean) * closing
            across = math.cos(lean) * closing - math.sin(lean) * level
            for sign in (1.0, -1.0):
                rotation = np.stack([np.cross(sign * across, approach), sign * across, approach], axis=1)
                result.append(_pose(rotation, contact + spec.pinch_depth * approach))
    return result


def _closing_of_sheet(spec: PinchSpec) -> Array:
    if (spec.axis_a is None) != (spec.axis_b is None):
        raise GraspError("only one of axis_a and axis_b is given, expected both or neither")
    if spec.axis_a is not None and spec.axis_b is not None:
        a, b = _point("axis_a", spec.axis_a), _point("axis_b", spec.axis_b)
        length = float(np.linalg.norm(b - a))
        if length < spec.min_axis:
            raise GraspError(
                f"closing axis from {a.tolist()} to {b.tolist()} is {length:.4f} m long, expected >= {spec.min_axis} m"
            )
        return np.asarray((b - a) / length)
    if spec.surface_normal is None:
        raise GraspError("an approach is given without axis and without surface_normal, expected one of them")
    return _unit("surface_normal", spec.surface_normal)


def _closing_directions(spec: PinchSpec, approach: Array) -> list[Array]:
    """Unit vectors across the approach, in order of preference."""
    if (spec.axis_a is None) != (spec.axis_b is None):
        raise GraspError("only one of axis_a and axis_b is given, expected both or neither")
    if spec.axis_a is None or spec.axis_b is None:
        if spec.free_yaws < 1:
            raise GraspError(f"free_yaws is {spec.free_yaws}, expected >= 1")
        first = _across(np.array([0.0, 1.0, 0.0]), approach)
        if np.linalg.norm(first) < 0.1:
            first = _across(np.array([1.0, 0.0, 0.0]), approach)
        first /= np.linalg.norm(first)
        second = np.cross(approach, first)
        yaws = [math.pi * k / spec.free_yaws for k in range(spec.free_yaws)]
        directions = [math.cos(yaw) * first + math.sin(yaw) * second for yaw in yaws]
    else:
        a, b = _point("axis_a", spec.axis_a), _point("axis_b", spec.axis_b)
        axis = _across(b - a, approach)
        length = float(np.linalg.norm(axis))
        if length < spec.min_axis:
            raise GraspError(
                f"closing axis from {a.tolist()} to {b.tolist()} is {length:.4f} m long across the approach, "
                f"expected >= {spec.min_axis} m"
            )
        directions = [axis / length]
    return [sign * direction for direction in directions for sign in (1.0, -1.0)]


def _across(vector: Array, approach: Array) -> Array:
    return np.asarray(vector - (vector @ approach) * approach)


def _rotation(axis: int, angle: float) -> Array:
    """(3, 3) rotation about the hand's own x (0) or y (1)."""
    c, s = math.cos(angle), math.sin(angle)
    if axis == 0:
        return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _pose(rotation: Array, position: Array) -> Array:
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = position
    return pose


def _unit(name: str, value: ArrayLike) -> Array:
    vector = _point(name, value)
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise GraspError(f"{name} is {vector.tolist()}, expected a direction")
    return np.asarray(vector / length)


def _point(name: str, value: ArrayLike) -> Array:
    point = np.asarray(value, dtype=float)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise GraspError(f"{name} is {point.tolist()}, expected three finite numbers")
    return point
