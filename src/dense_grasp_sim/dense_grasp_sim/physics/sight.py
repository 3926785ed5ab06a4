"""Whether the wrist camera sees a point, and where."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from dense_grasp_core.geometry import se3
from numpy.typing import NDArray

from dense_grasp_sim.world.cell_model import WRIST_INTRINSICS
from dense_grasp_sim.world.robot_mjcf import GROUP_SCENE

Array = NDArray[np.float64]
_NEAR = 0.004  # m before the point in which what a ray hits is the point itself


@dataclass(frozen=True)
class Truth:
    """A surface point: position (3,) in the base frame (m), pixel (u, v), depth (m), and whether the camera sees it."""

    position: Array
    u: float
    v: float
    depth: float
    visible: bool


def sight_of(model: mujoco.MjModel, data: mujoco.MjData, base_from_camera: Array, point: Array) -> Truth:
    """A point (3,) of the base frame as the camera at `base_from_camera` (4, 4) sees it."""
    seen = se3.transform(se3.inverse(base_from_camera), point)
    if seen[2] <= 0.0:
        return Truth(point, float("nan"), float("nan"), float(seen[2]), False)
    pixel = WRIST_INTRINSICS.project(seen[None])[0]
    inside = WRIST_INTRINSICS.contains(pixel[0], pixel[1])
    visible = bool(inside and _free_sight(model, data, base_from_camera[:3, 3], point))
    return Truth(point, float(pixel[0]), float(pixel[1]), float(seen[2]), visible)


def _free_sight(model: mujoco.MjModel, data: mujoco.MjData, eye: Array, point: Array) -> bool:
    groups = np.zeros(6, dtype=np.uint8)
    groups[GROUP_SCENE] = 1
    direction = point - eye
    length = float(np.linalg.norm(direction))
    case = model.body("camera_case").id
    hit = mujoco.mj_ray(model, data, eye, direction / length, groups, 1, case, np.zeros(1, dtype=np.int32))
    return bool(hit < 0.0 or hit > length - _NEAR)
