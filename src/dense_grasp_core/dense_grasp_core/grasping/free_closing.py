"""Which way fingers from above close where no axis is taught: across what is thin there, with room beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.grasping.pinch_geometry import point_of

Array = NDArray[np.float64]
DIRECTIONS = 36  # over half a turn: a round body turns in pads that close askew, and slips
FINGER = 0.020  # m that a finger takes along the closing direction, outside the opening
HALF_PAD = 0.012  # m to each side across it
SAME_BODY = 0.010  # m between neighbouring surface points of one body; the camera's points lie 3 to 4 mm apart
BELOW_TIPS = 0.005  # m below the tool centre point that fingers also reach into
SLACK = 0.004  # m that an opening has beside what is in it, on each side
STEEPEST = 0.7  # tangent of the angle at which a pad may meet a side: an edge of a lid slips out between slanted sides
WORTH = 0.03  # m of width that a slant of 1, or pads that hold nothing, are worth
FLYING = 2  # so many points may be flaws of the depth image


@dataclass(frozen=True)
class Closing:
    """point (3,) m: between the fingers, as high as the contact; direction (3,): unit vector; width (m) of the body."""

    point: Array
    direction: Array
    width: float


def free_closings(contact: ArrayLike, points: ArrayLike, height: float, open_width: float) -> list[Closing]:
    """The closings around `contact` (3,) m for which the open fingers have room, thin bodies with square sides first.

    points: (N, 3) surface points in the base frame; height: m of the tool centre point, what lies below does not
    count; open_width: m between the open fingers. A contact on a side wall is not in the middle of its body: the point
    is moved along the direction to the middle. Empty where nothing was seen around the contact, or nothing fits.
    """
    at, seen = point_of("contact", contact), np.asarray(points, dtype=float).reshape(-1, 3)
    reach = 0.5 * open_width + FINGER
    local = seen[seen[:, 2] > height - BELOW_TIPS][:, :2] - at[:2]
    local = local[np.linalg.norm(local, axis=1) < 0.5 * open_width + reach + HALF_PAD]
    closings: list[Closing | None] = [None] * DIRECTIONS
    costs = np.full(DIRECTIONS, np.nan)
    for turn in range(DIRECTIONS):
        angle = math.pi * turn / DIRECTIONS
        direction = np.array([math.cos(angle), math.sin(angle)])
        across, along = local @ [-direction[1], direction[0]], local @ direction
        under = np.abs(across) < HALF_PAD
        body = _body(np.sort(along[under]))
        if body is None:
            continue
        low, high = body
        middle, width = 0.5 * (low + high), high - low
        of_body = (along >= low) & (along <= high)
        beside = under & (np.abs(along - middle) < reach) & ~of_body
        slant = _slant(across[under & of_body], along[under & of_body])
        if width <= open_width - 2.0 * SLACK and np.count_nonzero(beside) <= FLYING and slant <= STEEPEST:
            flat = np.array([*direction, 0.0])
            bare = 1.0 - np.ptp(across[under & of_body]) / (2.0 * HALF_PAD)
            closings[turn], costs[turn] = (
                Closing(at + middle * flat, flat, float(width)),
                width + WORTH * (slant + bare),
            )
    order = np.argsort(_with_neighbours(costs))
    return [closing for turn in order if (closing := closings[turn]) is not None]


def _with_neighbours(costs: Array) -> Array:
    """The mean of each direction's cost and its neighbours': single ones are as good as the camera's points fall."""
    sides = [np.where(np.isnan(side), costs, side) for side in (np.roll(costs, 1), np.roll(costs, -1))]
    return np.asarray((costs + sides[0] + sides[1]) / 3.0)


def _slant(across: Array, along: Array) -> float:
    """Tangent of the angle between the pads and the sides of a body, from the ends of its two halves across."""
    low, high = across.min(), across.max()
    if high - low < SAME_BODY:
        return STEEPEST  # not known
    halves = [along[part] for part in (across < 0.5 * (low + high), across >= 0.5 * (low + high))]
    ends = [abs(end(halves[0]) - end(halves[1])) for end in (np.min, np.max)]
    return float(max(ends) / (0.5 * (high - low)))


def _body(along: Array) -> tuple[float, float] | None:
    """The ends (m) of the run of sorted places in which the contact, at 0, is; None where there is nothing."""
    if not len(along):
        return None
    nearest = int(np.abs(along).argmin())
    if abs(along[nearest]) > SAME_BODY:
        return None
    breaks = np.flatnonzero(np.diff(along) > SAME_BODY)
    first = int(breaks[breaks < nearest].max(initial=-1)) + 1
    last = int(breaks[breaks >= nearest].min(initial=len(along) - 1))
    return float(along[first]), float(along[last])
