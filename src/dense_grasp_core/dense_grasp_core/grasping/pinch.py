"""Pinch grasps from taught points: where the tool centre point goes and which way the fingers close.

The tcp frame is Franka's: z is the direction of approach, out of the hand; y is the closing direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.grasping.pinch_geometry import (
    GraspError,
    direction_between,
    part_across,
    point_of,
    pose_of,
    unit_of,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PinchSpec:
    """What a pinch is made from; all points and directions in the base frame, metres and radians.

    contact: the point between the finger pads. axis_a, axis_b: two points whose connection, seen along the
    approach, is the closing direction; both None leaves it free. table_normal: the hand comes against it.
    pinch_depth: how far the tcp goes beyond the contact along the approach.
    tilts: angles by which the hand may lean, besides upright, in order of preference.
    free_yaws: number of closing directions tried without an axis, spread over half a turn.
    min_axis: least length of the connection across the approach.
    """

    contact: ArrayLike
    axis_a: ArrayLike | None = None
    axis_b: ArrayLike | None = None
    table_normal: ArrayLike = (0.0, 0.0, 1.0)
    pinch_depth: float = 0.015
    tilts: Sequence[float] = (math.radians(12.0), math.radians(25.0))
    free_yaws: int = 6
    min_axis: float = 0.01


def pinch_candidates(spec: PinchSpec) -> list[Array]:
    """base_from_tcp (4, 4) of every pinch worth trying, the preferred first.

    Upright with both signs of the closing direction, then leaning along the object's edge (about the closing
    direction, which keeps it exact), then leaning across (the fingers close at a slant). Raises GraspError
    with the values when the points are not finite, only one axis point is given, or the axis is too short.
    """
    contact = point_of("contact", spec.contact)
    approach = -unit_of("table_normal", spec.table_normal)
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
    return [pose_of(rotation, contact + spec.pinch_depth * rotation[:, 2]) for rotation in result]


def depth_to_overlap(contact: ArrayLike, points: ArrayLike, overlap: float, radius: float = 0.025) -> float:
    """Least pinch_depth (m) with which finger tips from above end `overlap` m below the surface's top beside `contact`.

    A point on a steep wall is found well in the image and badly in height; the edge above it is seen directly. points:
    (N, 3) surface points in the base frame. -inf where fewer than three lie within `radius` m across the vertical: the
    third highest counts, since single points of a depth image fly.
    """
    point, surface = point_of("contact", contact), np.asarray(points, dtype=float).reshape(-1, 3)
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


def _closing_directions(spec: PinchSpec, approach: Array) -> list[Array]:
    """Unit vectors across the approach, in order of preference."""
    axis = direction_between("axis", spec.axis_a, spec.axis_b, spec.min_axis, approach, "approach", "closing axis")
    directions = [axis] if axis is not None else _free_directions(spec, approach)
    return [sign * direction for direction in directions for sign in (1.0, -1.0)]


def _free_directions(spec: PinchSpec, approach: Array) -> list[Array]:
    if spec.free_yaws < 1:
        raise GraspError(f"free_yaws is {spec.free_yaws}, expected >= 1")
    first = part_across(np.array([0.0, 1.0, 0.0]), approach)
    if np.linalg.norm(first) < 0.1:
        first = part_across(np.array([1.0, 0.0, 0.0]), approach)
    first /= np.linalg.norm(first)
    second = np.cross(approach, first)
    yaws = [math.pi * k / spec.free_yaws for k in range(spec.free_yaws)]
    return [math.cos(yaw) * first + math.sin(yaw) * second for yaw in yaws]


def _rotation(axis: int, angle: float) -> Array:
    """(3, 3) rotation about the hand's own x (0) or y (1)."""
    c, s = math.cos(angle), math.sin(angle)
    if axis == 0:
        return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
