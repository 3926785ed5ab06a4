"""Random light, colour and sensor effects; the geometry of the image stays as it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def photometric(image: NDArray, rng: np.random.Generator, strength: float = 1.0) -> NDArray:
    """A (H, W, 3) uint8 image of the (H, W, 3) float 0..255 one, seen by another camera in another light.

    Uneven light, cast shadow, exposure, contrast, gamma, colour cast, saturation, blur or sharpening, and noise.
    ``strength`` scales how far each goes; 0 changes nothing but the type.
    """
    height, width = image.shape[:2]
    out = image.astype(np.float32)
    if strength <= 0:
        return np.clip(np.rint(out), 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        out = out * _uneven_light(height, width, rng, 0.35 * strength)
    if rng.random() < 0.3:
        out = out * _straight_shadow(height, width, rng, 0.5 * strength)
    if rng.random() < 0.5:
        grey = (out @ _GREY)[..., None]
        out = grey + (out - grey) * np.float32(1 + rng.uniform(-0.6, 0.4) * strength)
    out = out * np.exp(rng.normal(0, 0.06 * strength, 3)).astype(np.float32)
    if rng.random() < 0.3:
        out = _turn_hue(out, rng.normal(0, 0.35 * strength))
    gain = np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    out = (out - 110) * np.float32(1 + rng.uniform(-0.3, 0.3) * strength) + 110
    out = np.clip(out * gain + np.float32(rng.normal(0, 12 * strength)), 0, 255)
    if rng.random() < 0.5:
        out = 255 * (out / 255) ** np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    choice = rng.random()
    if choice < 0.45 * strength:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.2))
    elif choice < 0.6 * strength:
        out = out + rng.uniform(0.2, 0.8) * (out - cv2.GaussianBlur(out, (0, 0), 1.0))
    out = out + rng.normal(0, rng.uniform(0, 7) * strength, out.shape).astype(np.float32)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


Recolouring = tuple[NDArray, NDArray]


def draw_recolouring(parts: int, rng: np.random.Generator) -> Recolouring:
    """A random colour change (parts, 3, 3), (parts, 3) for every part of an object: the same fabric in other dyes."""
    matrices = np.stack([_hue_matrix(rng.uniform(-np.pi, np.pi)) for _ in range(parts)])
    gains = np.exp(rng.normal(0, 0.35, (parts, 1, 3)))
    offsets = rng.uniform(-60, 90, (parts, 1)) + rng.normal(0, 12, (parts, 3))
    common = rng.random(parts) < 0.5  # half of the parts share a dye, as most caps do
    for values in (matrices, gains, offsets):
        values[common] = values[0]
    return (matrices * gains).astype(np.float32), offsets.astype(np.float32)


def recolour(image: NDArray, part: NDArray, recolouring: Recolouring) -> NDArray:
    """The (h, w, 3) uint8 image with every part (h, w) changed by its own recolouring; -1 stays."""
    out = image.copy()
    matrices, offsets = recolouring
    for index in np.unique(part[part >= 0]):
        chosen = part == index
        colours = image[chosen].astype(np.float32)
        # dark fabric stays shaded: the offset fades with the pixel's own brightness
        level = np.clip(colours.mean(1, keepdims=True) / 128.0, 0.15, 1.0)
        out[chosen] = np.clip(colours @ matrices[index] + level * offsets[index], 0, 255)
    return out


def _uneven_light(height: int, width: int, rng: np.random.Generator, depth: float) -> NDArray:
    coarse = 1 + rng.uniform(-depth, depth, (3, 3, 1)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]


def _straight_shadow(height: int, width: int, rng: np.random.Generator, depth: float) -> NDArray:
    """A half plane in shade, its border soft."""
    angle = rng.uniform(0, 2 * np.pi)
    u = (np.arange(width, dtype=np.float32) / width - rng.uniform(0.2, 0.8)) * np.float32(np.cos(angle))
    v = (np.arange(height, dtype=np.float32) / height - rng.uniform(0.2, 0.8)) * np.float32(np.sin(angle))
    shade = np.clip(0.5 + (u[None] + v[:, None]) * np.float32(rng.uniform(3, 60)), 0, 1)
    return (1 - np.float32(rng.uniform(0.1, 1.0) * depth) * shade)[..., None]


def _turn_hue(image: NDArray, angle: float) -> NDArray:
    """Rotate colours about the grey axis by ``angle`` radians."""
    return image @ _hue_matrix(angle).T.astype(np.float32)


def _hue_matrix(angle: float) -> NDArray:
    c, s = np.cos(angle), np.sin(angle)
    third, root = (1 - c) / 3, s / np.sqrt(3)
    return np.full((3, 3), third) + c * np.eye(3) + root * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
