"""Procedural pictures for the cell's surfaces."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def _smooth_noise(rng: np.random.Generator, size: int, cells: tuple[int, int]) -> NDArray[np.float64]:
    """(size, size) noise, 0..1, bilinear between `cells` values along rows and columns, periodic."""
    grid = rng.random(cells)
    row = np.arange(size) * cells[0] / size
    column = np.arange(size) * cells[1] / size
    r, c = row.astype(int), column.astype(int)
    fr, fc = (row - r)[:, None], (column - c)[None, :]
    fr, fc = fr * fr * (3 - 2 * fr), fc * fc * (3 - 2 * fc)
    r1, c1 = (r + 1) % cells[0], (c + 1) % cells[1]
    top = grid[np.ix_(r, c)] * (1 - fc) + grid[np.ix_(r, c1)] * fc
    bottom = grid[np.ix_(r1, c)] * (1 - fc) + grid[np.ix_(r1, c1)] * fc
    return np.asarray(top * (1 - fr) + bottom * fr)


def _kept(picture: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W, 3) picture, which nobody may write to."""
    out = np.clip(picture, 0, 255).astype(np.uint8)
    out.flags.writeable = False
    return out


@lru_cache(maxsize=2)  # every cell with the same table has it
def wood(seed: int = 0, size: int = 1024) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 picture of planks; the seed draws tone and grain."""
    rng = np.random.default_rng([0x3D, seed])
    base = np.array([176.0, 138.0, 100.0]) * rng.uniform(0.85, 1.1) + rng.normal(0.0, 6.0, 3)
    grain = 0.5 * _smooth_noise(rng, size, (8, 256)) + 0.3 * _smooth_noise(rng, size, (16, 512))
    grain += 0.2 * _smooth_noise(rng, size, (4, 32))
    planks = 8
    index = np.arange(size) * planks // size
    tone = rng.uniform(0.90, 1.06, planks)[index][None, :]
    gap = np.where((np.arange(size) * planks % size) < planks * 3, 0.72, 1.0)[None, :]
    shade = (0.80 + 0.34 * grain) * tone * gap
    speckle = rng.normal(1.0, 0.02, (size, size))
    return _kept(base * (shade * speckle)[..., None])


@lru_cache(maxsize=2)
def concrete(seed: int = 0, size: int = 512) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 picture of a grey floor."""
    rng = np.random.default_rng([0xF1, seed])
    value = 105 + 30 * (_smooth_noise(rng, size, (6, 6)) - 0.5) + 14 * (_smooth_noise(rng, size, (64, 64)) - 0.5)
    value = value + rng.normal(0.0, 4.0, (size, size))
    return _kept(value[..., None] * np.array([1.0, 1.0, 1.02]))


TABLES = ("oak", "dark wood", "white laminate", "coloured laminate", "checked cloth", "striped cloth", "speckled stone")


def table_picture(style: str, seed: int, size: int = 1024) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 picture of a table top of one of TABLES; the seed draws colours and grain."""
    rng = np.random.default_rng([0x70B, seed])
    if style in ("oak", "dark wood"):
        tone = np.array([1.0, 1.0, 1.0]) if style == "oak" else np.array([0.55, 0.48, 0.42]) * rng.uniform(0.8, 1.2)
        return np.clip(wood(seed, size) * tone, 0, 255).astype(np.uint8)
    if style == "white laminate":
        first = second = np.full(3, rng.uniform(205, 240)) + rng.normal(0.0, 4.0, 3)
    else:
        first, second = rng.uniform(30, 225, 3), rng.uniform(30, 225, 3)
    shade = 1.0 + 0.06 * (_smooth_noise(rng, size, (6, 6)) - 0.5)
    picture = np.broadcast_to(first, (size, size, 3)).copy()
    lines = int(rng.integers(12, 40))
    stripe = (np.arange(size) * lines // size) % 2 == 1
    if style == "checked cloth":
        picture[stripe[:, None] ^ stripe[None, :]] = second
    elif style == "striped cloth":
        picture[:, stripe] = second
    elif style == "speckled stone":
        spots = _smooth_noise(rng, size, (256, 256))
        picture[spots > 0.72] = second
        picture[spots < 0.22] = 0.6 * first
    if style.endswith("cloth"):
        weave = 1.0 + 0.05 * np.sin(np.arange(size) * np.pi / 2)
        shade = shade * weave[:, None] * weave[None, :]
    shade = shade * rng.normal(1.0, 0.015, (size, size))
    return np.clip(picture * shade[..., None], 0, 255).astype(np.uint8)
