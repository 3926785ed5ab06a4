"""A scan of a cap as a user would take one, rendered: pictures from above all around a cap that lies on its crown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_train.render.scene import RenderScene, compose_scene, render_from, rotation_about, wrist_camera
from numpy.typing import NDArray

Array = NDArray[np.float64]
WIDEST = np.radians(55.0)  # from straight above
NEAR, FAR = 0.45, 0.65  # m from the cap
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


def write_cap_scan(
    folder: Path, cap_seed: int, views: int = 16, size: tuple[int, int] = (320, 240), seed: int = 1
) -> None:
    """Render the scan of a cap into a new folder.

    size: width and height of the pictures, px. seed: of table, light, noise, and of each camera's distance and roll.
    The object's frame is that of the cap's mesh.
    """
    scene = _on_its_crown(cap_seed, seed)
    camera, rng = wrist_camera(*size), np.random.default_rng([0x5CA, seed])
    seen = []
    for number in range(views):
        view = render_from(scene, camera, _above(scene, number, views, rng), rng)
        name, pose = f"{number:03d}", view.camera_from_object
        seen.append(ScanView(name, view.rgb, view.depth, view.mask_visible, camera, pose))
    write_scan(folder, seen, fuse(seen), {"object": f"cap {cap_seed}"})


def _on_its_crown(cap_seed: int, seed: int) -> RenderScene:
    index = 0
    while (scene := compose_scene(seed, index, (cap_seed,))).pose != "crown_down" or scene.table is None:
        index += 1
    return scene


def _above(scene: RenderScene, number: int, views: int, rng: np.random.Generator) -> Array:
    """world_from_camera (4, 4) of a view: the directions are spread evenly over the cap's sky."""
    vertices = scene.meshes[0].vertices
    middle = (vertices.min(0) + vertices.max(0)) / 2.0
    cosine = 1.0 - (1.0 - np.cos(WIDEST)) * (number + 0.5) / views
    sine, azimuth = np.sqrt(1.0 - cosine * cosine), number * _GOLDEN
    outward = np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    pose = np.eye(4)
    roll = rotation_about(np.array([0.0, 0.0, 1.0]), rng.uniform(-np.pi, np.pi))
    pose[:3, :3] = np.stack([right, np.cross(-outward, right), -outward], axis=1) @ roll
    pose[:3, 3] = middle + rng.uniform(-0.02, 0.02, 3) + rng.uniform(NEAR, FAR) * outward
    return pose
