"""A scan of a solid that stands in the simulated cell: pictures of the cell's renderer from the dome over it, no arm.

A graph's scan costs minutes; this one costs a second, so that scans of many objects and of few pictures can be tried.
"""

from __future__ import annotations

import numpy as np
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.scanning.dome import camera_pose, dome_directions, viewing_distance
from dense_grasp_sim.devices.camera import CellCamera, CellRenderer
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import WRIST_CAMERA, WRIST_INTRINSICS
from dense_grasp_sim.world.robot_mjcf import GROUP_SCENE
from dense_grasp_sim.world.solid_placement import SolidPlacement
from numpy.typing import NDArray

Array = NDArray[np.float64]
STANDS_AT = SolidPlacement(0.5, 0.0, 0.3)
NEAREST = 0.28  # m from the camera to the object, the D435's least distance
LOWEST = 0.44  # rad above the horizon, as scan_lowest has it
_TABLE_BAND = 0.0015  # m above the table from which on something is the object
#: The wrist camera, without the arm in its way.
_FREE_CAMERA = CellCamera(WRIST_CAMERA, WRIST_INTRINSICS, (GROUP_SCENE,), shadows=False)


def scan_views(
    simulator: Simulator, renderer: CellRenderer, solid: Solid, count: int, rng: np.random.Generator
) -> list[ScanView]:
    """`count` pictures of the solid on its first rest, object's frame: exact masks and depth.

    rng: of each camera's turn about its own axis.
    """
    base_from_solid = simulator.set_solid(solid, STANDS_AT)
    snapshot = simulator.snapshot()
    middle = base_from_solid[:3, 3]
    radius = 0.5 * float(np.linalg.norm(solid.size))
    distance = viewing_distance(WRIST_INTRINSICS, radius, NEAREST)
    views = []
    for number, direction in enumerate(dome_directions(count, LOWEST)):
        base_from_camera = camera_pose(middle + distance * direction, direction, float(rng.uniform(-np.pi, np.pi)))
        picture = renderer.render(snapshot, _FREE_CAMERA, base_from_camera)
        depth = picture.depth.astype(float)
        mask = _on_table(depth, base_from_camera, middle, radius)
        pose = inverse(base_from_camera) @ base_from_solid
        views.append(ScanView(f"{number:03d}", picture.rgb, np.where(mask, depth, 0.0), mask, WRIST_INTRINSICS, pose))
    return views


def _on_table(depth: Array, base_from_camera: Array, middle: Array, radius: float) -> NDArray[np.bool_]:
    """(H, W): what stands on the table within `radius` of `middle` (3,)."""
    v, u = np.indices(depth.shape)
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    points = transform(base_from_camera, WRIST_INTRINSICS.deproject(pixels, depth.ravel()))
    here = (points[:, 2] > _TABLE_BAND) & (np.linalg.norm(points - middle, axis=1) < 1.05 * radius)
    return np.asarray(here.reshape(depth.shape))
