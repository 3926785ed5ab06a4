"""Pinches along a thin sheet that sticks out, such as a brim: from its edge inwards, fingers on both sides.

The tcp frame is Franka's, as in grasp.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.grasping.pinch_geometry import GraspError, direction_between, point_of, pose_of, unit_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SheetSpec:
    """What a pinch along a sheet is made from; all points and directions in the base frame, metres and radians.

    contact: the point between the finger pads. approach_a, approach_b: two points that the hand moves along, from the
    first to the second. axis_a, axis_b: two points whose connection is the closing direction; both None leaves it to
    surface_normal. pinch_depth: how far the tcp goes beyond the contact along the approach.
    yaws: angles by which the hand is turned about the closing direction; leans: by which it leans out of the sheet,
    with fingers that close at a slant; each in order of preference.
    least_length: least distance of the points of a pair.
    """

    contact: ArrayLike
    approach_a: ArrayLike | None
    approach_b: ArrayLike | None
    axis_a: ArrayLike | None = None
    axis_b: ArrayLike | None = None
    surface_normal: ArrayLike | None = None
    pinch_depth: float = 0.0
    yaws: Sequence[float] = tuple(math.radians(yaw) for yaw in (0.0, 20.0, -20.0, 40.0, -40.0, 60.0, -60.0))
    leans: Sequence[float] = (0.0, math.radians(10.0), -math.radians(10.0))
    least_length: float = 0.01


def sheet_candidates(spec: SheetSpec) -> list[Array]:
    """base_from_tcp (4, 4) of every pinch worth trying, the preferred first.

    Both signs of the closing direction, then the same for every further yaw, then all of this for every further lean,
    which is positive towards the closing direction of the first. The approach is what of the connection of its points
    lies across the closing direction, not the other way round: the surface between the fingers is measured by many
    points, the connection by two that were each found in an image. Raises GraspError for what defines no pinch.
    """
    contact = point_of("contact", spec.contact)
    least = spec.least_length
    closing = direction_between("axis", spec.axis_a, spec.axis_b, least, meaning="closing axis")
    if closing is None:
        if spec.surface_normal is None:
            raise GraspError("an approach is given without axis and without surface_normal, expected one of them")
        closing = unit_of("surface_normal", spec.surface_normal)
    along = direction_between("approach", spec.approach_a, spec.approach_b, least, closing, "closing direction")
    if along is None:
        raise GraspError("approach_a and approach_b are not given, expected the way of the hand along the sheet")
    aside = np.cross(closing, along)
    result = []
    for lean in spec.leans:
        for yaw in spec.yaws:
            level = math.cos(yaw) * along + math.sin(yaw) * aside
            approach = math.cos(lean) * level + math.sin(lean) * closing
            across = math.cos(lean) * closing - math.sin(lean) * level
            for sign in (1.0, -1.0):
                rotation = np.stack([np.cross(sign * across, approach), sign * across, approach], axis=1)
                result.append(pose_of(rotation, contact + spec.pinch_depth * approach))
    return result


def surface_normal(contact: ArrayLike, points: ArrayLike, radius: float = 0.02, fewest: int = 12) -> Array:
    """Unit normal (3,), of either sign, of the plane through the surface around `contact`.

    points: (N, 3) surface points in the base frame; those within `radius` m are fitted, without outliers. Raises
    GraspError when there are fewer than `fewest`, or when they lie along a line.
    """
    point, surface = point_of("contact", contact), np.asarray(points, dtype=float).reshape(-1, 3)
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
    point, direction = point_of("contact", contact), unit_of("approach", approach)
    offsets = np.asarray(points, dtype=float).reshape(-1, 3) - point
    along = offsets @ direction
    aside = np.linalg.norm(offsets - along[:, None] * direction, axis=1)
    in_the_way = (aside <= half_width) & (np.abs(along) <= reach)
    if np.count_nonzero(in_the_way) < 3:
        return -math.inf
    return float(np.sort(along[in_the_way])[2]) + overlap
