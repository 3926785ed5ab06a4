"""How good a scan is: its masks and its surface beside the true mesh at its true place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_train.render.raycast import RayCaster, RenderMesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from dense_grasp_bench.surface_samples import samples

Array = NDArray[np.float64]
_SAMPLES = 200_000
_SEEN_BY = 3  # views that must see a point of the truth for the scan to have it
_VISIBLE = 0.003  # m between a point's depth and that of the picture


@dataclass(frozen=True)
class ScanFigures:
    """overlaps (V,): intersection over union of each mask with the true one. to_truth (n,), to_surface (m,): distances
    in m of the surface's points from the truth, and of the truth that three views saw from the surface.
    """

    overlaps: Array
    to_truth: Array
    to_surface: Array

    def __str__(self) -> str:
        there, back = 1000.0 * self.to_truth, 1000.0 * self.to_surface
        return (
            f"mask IoU mean {self.overlaps.mean():.3f}, worst {self.overlaps.min():.3f} (n {len(self.overlaps)}); "
            f"surface to truth median {np.median(there):.1f} mm, 90 % {np.percentile(there, 90):.1f} mm; truth to "
            f"surface median {np.median(back):.1f} mm, 90 % {np.percentile(back, 90):.1f} mm"
        )


def judged(scan: Path, thing: CapMesh | Solid, base_from_thing: Array) -> ScanFigures:
    """A scan that the arm took of what lay at `base_from_thing` (4, 4)."""
    views = read_scan(scan)
    base_from_object = np.array(read_json(scan / "scan.json")["base_from_object"])
    vertices = transform(inverse(base_from_object) @ base_from_thing, thing.vertices)
    faces = thing.faces.astype(np.int64)
    nothing = np.zeros((len(vertices), 2))
    mesh = RenderMesh(vertices, faces, np.zeros_like(vertices), nothing, np.zeros((1, 1, 3), np.uint8))
    caster = RayCaster([mesh])
    depths = [caster.cast(view.camera, inverse(view.pose)).depth for view in views]
    overlaps = [_overlap(view.mask, depth > 0) for view, depth in zip(views, depths, strict=True)]
    truth = samples(vertices, faces, _SAMPLES)
    points = fuse(views).points
    seen = truth[_seen(views, depths, truth) >= _SEEN_BY]
    return ScanFigures(np.array(overlaps), cKDTree(truth).query(points)[0], cKDTree(points).query(seen)[0])


def _overlap(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    return float((found & true).sum() / (found | true).sum())


def _seen(views: Sequence[ScanView], depths: Sequence[Array], points: Array) -> NDArray[np.int64]:
    """How many views see each of the points (n, 3), object's frame."""
    count = np.zeros(len(points), int)
    for view, depth in zip(views, depths, strict=True):
        points_camera = transform(view.pose, points)
        pixels, inside = view.camera.nearest_pixels(view.camera.project(points_camera))
        u, v = pixels.T
        count += inside & (np.abs(depth[v, u] - points_camera[:, 2]) < _VISIBLE)
    return count
