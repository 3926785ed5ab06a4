"""Procedural texture atlas of the parametric cap: one image, one rectangle per part."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dense_grasp_assets.cap import painters
from dense_grasp_assets.cap.canvas import MARGIN_PX, Image
from dense_grasp_assets.cap.params import CapParams

ATLAS: dict[str, tuple[float, float, float, float]] = {
    "crown": (0.0, 0.0, 1.0, 0.36),
    "inner_crown": (0.0, 0.36, 1.0, 0.62),
    "sweatband": (0.0, 0.62, 1.0, 0.72),
    "brim": (0.0, 0.72, 0.5, 1.0),
    "brim_under": (0.5, 0.72, 1.0, 0.92),
    "strap": (0.5, 0.92, 0.9, 1.0),
    "button": (0.9, 0.92, 1.0, 1.0),
}
"""Part → (left, top, right, bottom) in fractions of the image, top row first."""


def atlas_uv(part: str, u: NDArray[np.float64], v: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Map part coordinates to texture coordinates (..., 2) in 0..1, origin bottom left as in OBJ files."""
    left, top, right, bottom = (round(edge * size) for edge in ATLAS[part])
    x = left + MARGIN_PX + u * (right - left - 2 * MARGIN_PX)
    y = top + MARGIN_PX + v * (bottom - top - 2 * MARGIN_PX)
    return np.stack([x / size, 1.0 - y / size], axis=-1).astype(np.float32)


def paint_atlas(params: CapParams, size: int) -> NDArray[np.uint8]:
    """Paint the whole atlas: (size, size, 3) uint8 RGB, top row first."""
    by_part: dict[str, Callable[[CapParams, tuple[int, int], np.random.Generator], Image]] = {
        "crown": painters.paint_crown,
        "inner_crown": painters.paint_inner_crown,
        "sweatband": painters.paint_sweatband,
        "brim": painters.paint_brim,
        "brim_under": painters.paint_brim_under,
        "strap": painters.paint_strap,
        "button": painters.paint_button,
    }
    image = np.zeros((size, size, 3), np.uint8)
    for index, (part, box) in enumerate(ATLAS.items()):
        left, top, right, bottom = (round(edge * size) for edge in box)
        rng = np.random.default_rng([0x7EC5, params.seed, index])
        painted = by_part[part](params, (bottom - top, right - left), rng)
        image[top:bottom, left:right] = np.clip(painted * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return image
