"""A scan at a glance: every picture cut out around its object, with the outline of its mask and where it looks from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.coverage import Coverage
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, turn_towards
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

_TILE = 240
_TILES_A_ROW = 7
_DOTS = 300
_OUTLINE = (255, 60, 60)
_SURFACE = (60, 255, 60)


def contact_sheet(views: Sequence[ScanView], surface: Surface, coverage: Coverage) -> NDArray[np.uint8]:
    """Tiles (H, W, 3) RGB. Green dots are points of the fused surface: they lie on the object where the poses fit."""
    low, high = surface.points.min(0), surface.points.max(0)
    centre, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
    dots = surface.points[np.random.default_rng(0).integers(0, len(surface.points), _DOTS)]
    elevations = np.degrees(np.arcsin(np.clip(coverage.views[:, 2], -1, 1)))
    azimuths = np.degrees(np.arctan2(coverage.views[:, 1], coverage.views[:, 0]))
    tiles = [
        _tile(view, centre, radius, dots, f"{view.name[:18]} {azimuth:.0f}, {elevation:.0f} deg")
        for view, azimuth, elevation in zip(views, azimuths, elevations, strict=True)
    ]
    columns = min(_TILES_A_ROW, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)], 0)


def _tile(
    view: ScanView, centre: NDArray[np.float64], radius: float, dots: NDArray[np.float64], label: str
) -> NDArray[np.uint8]:
    centre_camera = transform(view.pose, centre)
    distance = max(float(np.linalg.norm(centre_camera)), 1.5 * radius)
    look = LookAt(turn_towards(centre_camera), 0.45 * _TILE * distance / radius, _TILE)
    tile = PicturePyramid(view.rgb, view.camera).look(look).copy()
    grey = np.repeat(view.mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    mask = PicturePyramid(grey, view.camera).look(look)[..., 0]
    outline, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, outline, -1, _OUTLINE, 1, cv2.LINE_AA)
    for u, v in np.nan_to_num(look.project(transform(view.pose, dots) @ look.camera_from_virtual), nan=-9.0):
        if 0 <= u < _TILE and 0 <= v < _TILE:
            tile[int(v), int(u)] = _SURFACE
    cv2.putText(tile, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return tile
