"""Where an object is put: drawn over the part of the table that the arm reaches and the camera sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

ON_STAND = "on_stand"
POSTURES = ("crown_down", "crown_up", ON_STAND)
_TRIES, _SEED_STEP = 200, 1_000_003


class PlacementError(DenseGraspError):
    """An object cannot be placed as asked."""


@dataclass(frozen=True)
class Workspace:
    """Rectangle of the table in the base frame, m."""

    x: tuple[float, float] = (0.33, 0.67)
    y: tuple[float, float] = (-0.27, 0.27)

    def contains(self, points: NDArray[np.float64], margin: float = 0.0) -> bool:
        """Whether all points (N, 2) lie inside, `margin` from the edge."""
        low = np.array([self.x[0], self.y[0]]) + margin
        high = np.array([self.x[1], self.y[1]]) - margin
        return bool((points >= low).all() and (points <= high).all())


@dataclass(frozen=True)
class Placement:
    """Position of the object's origin over the table (m), yaw about the base's z (rad) and posture.

    on_stand: crown up on a hat stand under the origin.
    """

    x: float
    y: float
    yaw: float
    posture: str = "crown_down"

    def __post_init__(self) -> None:
        if self.posture not in POSTURES:
            raise PlacementError(f"posture is {self.posture!r}, expected one of {', '.join(POSTURES)}")
        if not np.isfinite([self.x, self.y, self.yaw]).all():
            raise PlacementError(f"pose is ({self.x}, {self.y}, {self.yaw}), expected finite numbers")


def rotation_of(placement: Placement) -> NDArray[np.float64]:
    """(3, 3) base_from_object rotation: x of the object points along yaw; crown_down turns it over about its x."""
    c, s = np.cos(placement.yaw), np.sin(placement.yaw)
    about_z = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    flip = np.diag([1.0, -1.0, -1.0]) if placement.posture == "crown_down" else np.eye(3)
    return about_z @ flip


def first_fitting(
    draw: Callable[[int], Placement], seed: int, fits: Callable[[Placement], bool], wanted: str
) -> Placement:
    """The first placement that `draw` gives for `seed`, and for seeds far from it, and that `fits`.

    Raises PlacementError saying what was `wanted` when there is none among 200, and what `draw` raises.
    """
    for attempt in range(_TRIES):
        placement = draw(seed + attempt * _SEED_STEP)
        if fits(placement):
            return placement
    raise PlacementError(f"no pose of {_TRIES} {wanted}")


def random_placement(
    seed: int,
    marks: Sequence[tuple[float, float]],
    posture: str = "crown_down",
    workspace: Workspace | None = None,
    margin: float = 0.02,
) -> Placement:
    """Uniform over workspace and yaw, such that the points `marks` of the object (x, y in its frame) are inside.

    Raises PlacementError for a negative seed, or when the object is too large for the workspace.
    """
    if seed < 0:
        raise PlacementError(f"pose_seed is {seed}, expected 0 or larger")
    area = workspace or Workspace()
    rng = np.random.default_rng([0x9A5E, seed])
    local = np.array([(x, y, 0.0) for x, y in marks])
    for _ in range(1000):
        candidate = Placement(
            float(rng.uniform(*area.x)), float(rng.uniform(*area.y)), float(rng.uniform(-np.pi, np.pi)), posture
        )
        points = (local @ rotation_of(candidate).T)[:, :2] + [candidate.x, candidate.y]
        if area.contains(points, margin):
            return candidate
    raise PlacementError(f"no pose puts {len(marks)} points of the object into x {area.x}, y {area.y} m")
