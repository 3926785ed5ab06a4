"""One training image: the object of a view, warped onto another background, with clutter, shadow, light and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.augment import backgrounds
from dense_grasp_train.augment.photometric import Recolouring, photometric, recolour
from dense_grasp_train.augment.warps import Warp, resize, similarity
from dense_grasp_train.data.views import View
from dense_grasp_train.training.config import PairOptions

_VISIBLE = 0.5
_REFERENCE_WIDTH = 640


@dataclass(frozen=True)
class Composed:
    """A training image of size (w, h) = crop * input_scale and what is known about it.

    rgb: (h, w, 3) uint8. visible: (h, w) float32, share of each pixel that shows the object. warp: image pixels from
    camera pixels. camera_matrix: (3, 3) of this image.
    """

    rgb: NDArray
    visible: NDArray
    warp: Warp
    camera_matrix: NDArray

    def shows(self, pixels: NDArray) -> NDArray:
        """(n,) bool: the object is in the picture and not covered at (n, 2) image pixels."""
        height, width = self.visible.shape
        cells = np.rint(pixels).astype(int)
        inside = (cells >= 0).all(1) & (cells < [width, height]).all(1)
        cells = np.clip(cells, 0, [width - 1, height - 1])
        return inside & (self.visible[cells[:, 1], cells[:, 0]] > _VISIBLE)


def draw_warp(view: View, options: PairOptions, rng: np.random.Generator) -> Warp:
    """A random turn, zoom and position of the object in the crop (crop pixels at camera scale)."""
    angle = np.deg2rad(rng.uniform(-options.rotation_deg, options.rotation_deg))
    crop = np.array(options.crop, float)
    largest = 1.15 * crop.min() / view.extent
    zoom = float(np.exp(rng.uniform(*np.log(options.zoom)))) * min(1.0, _REFERENCE_WIDTH / view.rgb.shape[1])
    scale = min(zoom, largest)
    reach = np.maximum(0.5 * crop - (0.5 - options.margin) * scale * view.extent, 0.0)
    target = 0.5 * crop + rng.uniform(-reach, reach)
    return similarity(angle, scale, view.centre, target)


def compose_view(
    view: View, warp: Warp, options: PairOptions, rng: np.random.Generator, dyes: Recolouring | None = None
) -> Composed:
    """Paint the view through ``warp`` (crop pixels from camera pixels) into a new scene, its parts in new ``dyes``."""
    width, height = options.crop
    crop_from_view = warp.matrix @ np.array([[1, 0, view.origin[0]], [0, 1, view.origin[1]], [0, 0, 1.0]])
    as_rendered = rng.random() < options.as_rendered
    source, matrix = view.crop, crop_from_view[:2]
    if dyes is not None:
        source = recolour(source, view.part, dyes)
    if as_rendered:
        source, matrix = view.with_crop(source), warp.matrix[:2]
    border = cv2.BORDER_REFLECT_101 if as_rendered else cv2.BORDER_REPLICATE
    painted = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    alpha = cv2.warpAffine(view.mask.astype(np.float32), crop_from_view[:2], (width, height), flags=cv2.INTER_LINEAR)
    if options.input_scale != 1.0:
        size = (round(width * options.input_scale), round(height * options.input_scale))
        painted = cv2.resize(painted, size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    height, width = alpha.shape
    if as_rendered:
        scene = painted.astype(np.float32)
    else:
        scene = backgrounds.add_clutter(backgrounds.surface(height, width, rng), rng)
        if rng.random() < 0.8:
            scene = backgrounds.cast_shadow(scene, alpha, rng)
        scene += alpha[..., None] * (painted.astype(np.float32) - scene)
    if rng.random() < options.occlusion:
        covered = backgrounds.add_clutter(scene, rng, count=1)
        changed = np.abs(covered - scene).max(-1) > 2.0
        alpha = np.where(cv2.erode(changed.astype(np.uint8), np.ones((3, 3))) > 0, 0, alpha).astype(np.float32)
        scene = covered
    final = resize(warp, options.input_scale)
    return Composed(photometric(scene, rng, options.photometric), alpha, final, final.camera_matrix(view.camera_matrix))


def depth_at(view: View, composed: Composed, pixels: NDArray) -> NDArray:
    """Depth (n,) of the visible object at (n, 2) image pixels, metres; NaN elsewhere. A similarity keeps depth."""
    cells, inside = _crop_cells(view, composed, pixels)
    return np.where(inside, view.depth[cells[:, 1], cells[:, 0]], np.nan)


def place_at(view: View, composed: Composed, pixels: NDArray) -> NDArray:
    """Places (n, 4) of the visible object at (n, 2) image pixels; NaN elsewhere."""
    cells, inside = _crop_cells(view, composed, pixels)
    return np.where(inside[:, None], view.place[cells[:, 1], cells[:, 0]].astype(np.float32), np.nan)


def _crop_cells(view: View, composed: Composed, pixels: NDArray) -> tuple[NDArray, NDArray]:
    """The view's crop pixels (n, 2) behind (n, 2) image pixels, and where they show the object (n,)."""
    inverse = np.linalg.inv(composed.warp.matrix)
    source = pixels @ inverse[:2, :2].T + inverse[:2, 2] - view.origin
    cells = np.rint(source).astype(int)
    height, width = view.mask.shape
    inside = (cells >= 0).all(1) & (cells < [width, height]).all(1)
    cells = np.clip(cells, 0, [width - 1, height - 1])
    inside &= view.mask[cells[:, 1], cells[:, 0]] & composed.shows(pixels)
    return cells, inside
