"""Where a cap is put: drawn by a seed for each posture, and its pose from that."""

from __future__ import annotations

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, cap_point
from numpy.typing import NDArray

from dense_grasp_sim.world.hat_stand import hanging_height, placement_on_stand
from dense_grasp_sim.world.placement import ON_STAND, Placement, Workspace, random_placement, rotation_of
from dense_grasp_sim.world.post import placement_behind_post


def draw_cap_placement(cap: CapMesh, seed: int, posture: str, post: bool, workspace: Workspace) -> Placement:
    """Uniform over what the posture, and with `post` the post, leave of the workspace. Raises PlacementError."""
    if posture == ON_STAND:
        return placement_on_stand(seed, cap)
    marks = [tuple(cap_point(cap.params, "crown", u, 0.0)[:2]) for u in (0.5, 0.0)]

    def draw(number: int) -> Placement:
        return random_placement(number, marks, posture, workspace)

    return placement_behind_post(draw, seed, cap) if post else draw(seed)


def cap_pose(cap: CapMesh, placement: Placement) -> NDArray[np.float64]:
    """(4, 4) base_from_object of a cap that lies, or hangs on its stand."""
    pose = np.eye(4)
    pose[:3, :3] = rotation_of(placement)
    on_stand = placement.posture == ON_STAND
    height = hanging_height(cap) if on_stand else -float((cap.vertices @ pose[:3, :3].T)[:, 2].min())
    pose[:3, 3] = placement.x, placement.y, height
    return pose
