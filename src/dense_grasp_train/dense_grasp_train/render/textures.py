"""Surfaces and backdrops of generated scenes: wood, felt, metal, checker, noise, photographs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

Texture = NDArray[np.uint8]

SURFACES = ("wood", "felt", "metal", "checker", "noise", "plain", "photo")
_PHOTO_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
# scikit-image's bundled pictures; the stereo pair is left out because it serves as a test.
_BUNDLED = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "moon.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)


@lru_cache(maxsize=4)
def photo_files(folder: str | None) -> tuple[Path, ...]:
    """Files of photographs to use: of `folder`, or those that come with scikit-image, or none.

    Raises DenseGraspError when a folder is given and holds no picture, or none that can be read.
    """
    if folder is not None:
        found = (
            tuple(sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in _PHOTO_SUFFIXES))
            if Path(folder).is_dir()
            else ()
        )
        if not found:
            raise DenseGraspError(f"photograph folder {folder} holds no picture, expected files {_PHOTO_SUFFIXES}")
        if all(load_photo(path) is None for path in found):
            size = found[0].stat().st_size
            raise DenseGraspError(
                f"none of the {len(found)} files in photograph folder {folder} can be read as a picture, the first is "
                f"{found[0].name} with {size} bytes; expected at least one"
            )
        return found
    try:
        import skimage
    except ImportError:
        return ()
    data = Path(skimage.__file__).parent / "data"
    return tuple(data / name for name in _BUNDLED if (data / name).is_file())


def unreadable_photos(folder: str) -> list[Path]:
    """The photographs in a folder that cannot be read, which `make_surface` does without."""
    return [path for path in photo_files(folder) if load_photo(path) is None]


@lru_cache(maxsize=32)
def load_photo(path: Path) -> Texture | None:
    """The photograph (H, W, 3) uint8 RGB in a file, None where it cannot be read."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if image is None else np.ascontiguousarray(image[..., ::-1])


def _readable(files: tuple[Path, ...], first: int) -> Texture | None:
    """The picture of the file with this number, or of the next one that can be read."""
    pictures = (load_photo(files[(first + i) % len(files)]) for i in range(len(files)))
    return next((picture for picture in pictures if picture is not None), None)


def random_colour(rng: np.random.Generator, low: float = 0.1, high: float = 0.95) -> NDArray[np.float32]:
    """Random RGB (3,) float32 in 0..255 with natural, mostly moderate saturation."""
    value, saturation, hue = rng.uniform(low, high), rng.beta(1.3, 2.5), rng.uniform(0, 1)
    hsv = np.array([[[hue * 360.0, saturation, value]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255.0, np.float32)


def fractal_noise(rng: np.random.Generator, shape: tuple[int, int], stretch: float = 1.0) -> NDArray[np.float32]:
    """Noise (H, W) of several octaves in about -1..1; stretch > 1 draws it out along the columns."""
    total, weight = np.zeros(shape, np.float32), 0.0
    for octave in range(1, 6):
        cells = 2**octave + 1
        grid = rng.uniform(-1, 1, (max(2, int(cells * stretch)), cells)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC) / octave
        weight += 1.0 / octave
    return np.asarray(2.0 * total / weight, np.float32)


def make_surface(kind: str, rng: np.random.Generator, size: int = 512, photos: str | None = None) -> Texture:
    """Make a square texture (size, size, 3) of one of SURFACES; `photo` becomes noise when there are no pictures."""
    colour = random_colour(rng)
    image = np.empty((size, size, 3), np.float32)
    image[:] = colour
    x = np.arange(size, dtype=np.float32)[None, :] / size
    if kind == "wood":
        base = np.array([rng.uniform(110, 210), rng.uniform(80, 150), rng.uniform(40, 100)], np.float32)
        rings = np.sin(2 * np.pi * (rng.uniform(5, 14) * x + 1.5 * fractal_noise(rng, (size, size), 0.3)))
        grain = fractal_noise(rng, (size, size), 0.15)
        image = base * (1.0 + 0.10 * rings + 0.16 * grain)[..., None]
    elif kind == "felt":
        image *= (
            1.0 + 0.08 * rng.standard_normal((size, size), dtype=np.float32) + 0.06 * fractal_noise(rng, (size, size))
        )[..., None]
    elif kind == "metal":
        grey = rng.uniform(90, 210)
        brushed = cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (0, 0), 9.0, sigmaY=0.6)
        image[:] = grey * (1.0 + 0.5 * brushed + 0.08 * fractal_noise(rng, (size, size)))[..., None]
    elif kind == "checker":
        cells = int(rng.integers(4, 17))
        index = (np.arange(size) * cells // size)[:, None] + (np.arange(size) * cells // size)[None, :]
        image = np.where((index % 2 == 0)[..., None], colour, random_colour(rng)).astype(np.float32)
    elif kind == "noise":
        other = random_colour(rng)
        mix = np.clip(0.5 + fractal_noise(rng, (size, size)), 0, 1)[..., None]
        image = colour * mix + other * (1 - mix)
    elif kind == "photo":
        return _photo_surface(rng, size, photos)
    return np.clip(image, 0, 255).astype(np.uint8)


def _photo_surface(rng: np.random.Generator, size: int, photos: str | None) -> Texture:
    files = photo_files(photos)
    picture = _readable(files, int(rng.integers(len(files)))) if files else None
    if picture is None:
        return make_surface("noise", rng, size)
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    crop = cv2.resize(picture[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.rot90(crop, int(rng.integers(4))))


def make_backdrop(rng: np.random.Generator, width: int, height: int, photos: str | None = None) -> Texture:
    """Make a picture (height, width, 3) for what lies beyond the table."""
    kind = str(rng.choice(["photo", "noise", "plain", "felt"], p=[0.45, 0.3, 0.15, 0.1]))
    return np.asarray(cv2.resize(make_surface(kind, rng, 512, photos), (width, height)), np.uint8)
