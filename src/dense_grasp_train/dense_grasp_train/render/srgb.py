"""sRGB values and linear light (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def linear_from_srgb(values: NDArray) -> NDArray[np.float32]:
    """Linear light 0..1 of sRGB values 0..255."""
    x = np.asarray(values, np.float32) / 255.0
    return np.where(x <= 0.04045, x / 12.92, ((np.maximum(x, 0.04045) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(light: NDArray) -> NDArray[np.float32]:
    """sRGB values 0..255, unclipped above, of linear light from 0."""
    x = np.maximum(np.asarray(light, np.float32), 0.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 0.0031308) ** (1 / 2.4) - 0.055) * np.float32(255)
