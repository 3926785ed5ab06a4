"""Where a solid is put, on which of its faces, and on which table among which other things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_assets.solids.solid import Solid, about
from numpy.typing import NDArray

from dense_grasp_sim.world.placement import PlacementError, Workspace
from dense_grasp_sim.world.surroundings import Surroundings, draw_surroundings

Array = NDArray[np.float64]
MARGIN = 0.05  # m of the circle around a solid from the edge of the workspace: its middle is where the arm reaches down
FINGER_ROOM = 0.07  # m between the circle around a solid and that around another thing: open fingers go between


@dataclass(frozen=True)
class SolidPlacement:
    """Position of the object's origin over the table (m), yaw about the base's z (rad), number of the rest."""

    x: float
    y: float
    yaw: float
    rest: int = 0

    def __post_init__(self) -> None:
        if not np.isfinite([self.x, self.y, self.yaw]).all():
            raise PlacementError(f"pose is ({self.x}, {self.y}, {self.yaw}), expected finite numbers")


def rest_pose(solid: Solid, placement: SolidPlacement) -> Array:
    """(4, 4) base_from_object of a solid that touches the table. Raises PlacementError for a rest that it has not."""
    if not 0 <= placement.rest < len(solid.rests):
        raise PlacementError(f"rest is {placement.rest}, expected 0..{len(solid.rests) - 1} of the {solid.kind}")
    pose = np.eye(4)
    pose[:3, :3] = about("z", placement.yaw) @ solid.rests[placement.rest]
    pose[:3, 3] = placement.x, placement.y, -solid.lowest(pose[:3, :3])
    return pose


def random_rest(seed: int, solid: Solid, workspace: Workspace | None = None) -> SolidPlacement:
    """Uniform over the workspace and all yaws; two seeds for each rest in turn, one of them with other things around.

    Raises PlacementError for a negative seed.
    """
    if seed < 0:
        raise PlacementError(f"pose_seed is {seed}, expected 0 or larger")
    area, rng = workspace or Workspace(), np.random.default_rng([0x50117, seed])
    x, y = (float(rng.uniform(low + MARGIN, high - MARGIN)) for low, high in (area.x, area.y))
    return SolidPlacement(x, y, float(rng.uniform(-np.pi, np.pi)), seed // 2 % len(solid.rests))


def surroundings_of(seed: int, solid: Solid, placement: SolidPlacement) -> Surroundings:
    """Table, light and, for an odd seed, other things, none of which stands in the way of the fingers."""
    reach = 0.5 * float(np.linalg.norm(solid.size))
    return draw_surroundings(seed, keep_clear=(placement.x, placement.y, reach + FINGER_ROOM))
