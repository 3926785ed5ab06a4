"""Procedural scenes without the object: surfaces, clutter and shadows, drawn from a random generator.

Every image is (H, W, 3) float32 with values 0..255.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_CLUTTER_AT_MOST = 5


def surface(height: int, width: int, rng: np.random.Generator) -> NDArray:
    """A random table: plain, noisy, grained, checked or blotched, under uneven light."""
    image: NDArray = np.empty((height, width, 3), np.float32)
    image[:] = _colour(rng)
    kind = rng.integers(0, 6)
    if kind == 1:
        image += _noise(height, width, rng, octaves=5, channels=3) * rng.uniform(10, 60)
    elif kind == 2:
        image += _grain(height, width, rng) * rng.uniform(10, 50)
    elif kind == 3:
        image = _checked(image, _colour(rng), rng)
    elif kind == 4:
        blend = np.clip(0.5 + 3.0 * _noise(height, width, rng, octaves=4, channels=1), 0, 1)
        image = image * (1 - blend) + _colour(rng) * blend
    elif kind == 5:
        image += rng.normal(0, rng.uniform(5, 40), (height, width, 1)).astype(np.float32)
    if rng.random() < 0.8:
        image += _noise(height, width, rng, octaves=2, channels=1) * rng.uniform(5, 40)
    if rng.random() < 0.25:
        image = _edge(image, rng)
    return image


def add_clutter(image: NDArray, rng: np.random.Generator, count: int | None = None) -> NDArray:
    """The image with other things on it: shaded polygons, ellipses and rings of plain or textured colour."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(0, _CLUTTER_AT_MOST) if count is None else count):
        shape = _shape(height, width, rng)
        soft = cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.5, 1.0))[..., None]
        if rng.random() < 0.7:
            image = cast_shadow(image, shape, rng)
        fill: NDArray = np.empty_like(image)
        fill[:] = _colour(rng)
        fill += _noise(height, width, rng, octaves=int(rng.integers(1, 5)), channels=1) * rng.uniform(10, 80)
        image = image * (1 - soft) + fill * soft
    return image


def cast_shadow(image: NDArray, alpha: NDArray, rng: np.random.Generator) -> NDArray:
    """Darken the image where something with coverage ``alpha`` (H, W) 0..1 would throw a soft shadow."""
    reach = 0.06 * max(image.shape[:2])
    shift = np.array([[1, 0, rng.uniform(-reach, reach)], [0, 1, rng.uniform(-reach, reach)]], np.float32)
    moved = cv2.warpAffine(alpha, shift, alpha.shape[::-1])
    moved = cv2.GaussianBlur(moved, (0, 0), rng.uniform(1.5, 8.0))
    return image * (1 - rng.uniform(0.1, 0.7) * moved)[..., None]


def _colour(rng: np.random.Generator) -> NDArray:
    grey = rng.uniform(15, 240)
    return np.clip(grey + rng.normal(0, rng.choice([3.0, 15.0, 60.0]), 3), 0, 255).astype(np.float32)


def _noise(height: int, width: int, rng: np.random.Generator, octaves: int, channels: int) -> NDArray:
    """Smooth noise, (H, W, channels), mostly within -1..1."""
    total: NDArray = np.zeros((height, width, channels), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1) + 1
        coarse = rng.uniform(-1, 1, (cells, cells, channels)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(total.shape) / (1 + octave)
    return total / 1.5


def _grain(height: int, width: int, rng: np.random.Generator) -> NDArray:
    """Streaks in a random direction, as of wood or brushed metal, (H, W, 1)."""
    size = int(1.5 * max(height, width))
    cells = (size // int(rng.integers(1, 6)), int(rng.integers(2, 12)))
    streaks: NDArray = rng.uniform(-1, 1, cells).astype(np.float32)
    streaks = cv2.resize(streaks, (size, size), interpolation=cv2.INTER_LINEAR)
    turn: NDArray = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(0, 360), 1.0)
    turn[:, 2] += [(width - size) / 2, (height - size) / 2]
    return cv2.warpAffine(streaks, turn, (width, height), borderMode=cv2.BORDER_REFLECT)[..., None]


def _checked(image: NDArray, other: NDArray, rng: np.random.Generator) -> NDArray:
    height, width = image.shape[:2]
    v, u = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(8, 90)
    across = (u * np.cos(angle) + v * np.sin(angle)) / period
    along = (v * np.cos(angle) - u * np.sin(angle)) / period * rng.choice([0.0, 1.0])
    return np.where(((np.floor(across) + np.floor(along)) % 2 == 0)[..., None], image, other)


def _edge(image: NDArray, rng: np.random.Generator) -> NDArray:
    """The image with a straight edge, beyond which another surface lies."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    v, u = np.mgrid[:height, :width].astype(np.float32)
    distance = (u - width / 2) * np.cos(angle) + (v - height / 2) * np.sin(angle)
    beyond = distance > rng.uniform(0.1, 0.5) * max(height, width)
    return np.where(beyond[..., None], _colour(rng), image).astype(np.float32)


def _shape(height: int, width: int, rng: np.random.Generator) -> NDArray:
    """Coverage (H, W) float32 of one random outline."""
    shape = np.zeros((height, width), np.float32)
    centre = rng.uniform([0, 0], [width, height])
    radius = rng.uniform(0.04, 0.3) * max(height, width)
    kind = rng.integers(0, 4)
    if kind == 0:
        axes = (int(radius), int(radius * rng.uniform(0.2, 1.0)) + 1)
        cv2.ellipse(shape, tuple(centre.astype(int).tolist()), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    elif kind == 1:
        thickness = max(1, int(radius * rng.uniform(0.05, 0.4)))
        cv2.circle(shape, tuple(centre.astype(int).tolist()), int(radius), 1.0, thickness)
    else:
        corners = 4 if kind == 2 else int(rng.integers(3, 8))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners)) if kind == 3 else np.arange(4) * np.pi / 2 + np.pi / 4
        outline = np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.15, 1.0)], 1) * radius
        turn = rng.uniform(0, 2 * np.pi)
        outline = outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + centre
        cv2.fillPoly(shape, [outline.astype(np.int32)], 1.0)
    return shape
