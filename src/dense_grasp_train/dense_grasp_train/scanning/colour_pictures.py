"""Colour pictures alone, from a folder or a video, as one camera took them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_files import decoded, file_bytes, pictures_of
from numpy.typing import NDArray

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
LONGEST_SIDE = 1920
"""Larger pictures are made smaller: the bank looks at the object in a few hundred pixels."""
_FEWEST = 3


@dataclass(frozen=True)
class ColourPicture:
    """rgb (H, W, 3) uint8, at most LONGEST_SIDE wide or high, as the sensor saw it: EXIF's turn is not applied."""

    name: str
    rgb: NDArray[np.uint8]


@dataclass(frozen=True)
class ColourPictures:
    """Pictures of one size. scale: their width over that of the files. lossy: they were JPEG, or a video."""

    pictures: Sequence[ColourPicture]
    scale: float
    lossy: bool


def read_colour(source: Path, frames: int) -> ColourPictures:
    """The pictures of a folder, or about ``frames`` sharp ones of a video. Raises ScanError that names the file."""
    if source.is_file() and source.suffix.lower() in VIDEO_SUFFIXES:
        named, lossy = _video(source, frames), True
    elif source.is_dir():
        files = pictures_of(source)
        named = {name: _colour(path) for name, path in files.items()}
        lossy = all(path.suffix.lower() != ".png" for path in files.values())
    else:
        raise ScanError(f"{source} is no folder of pictures and no video ({', '.join(VIDEO_SUFFIXES)})")
    if len(named) < _FEWEST:
        raise ScanError(f"{source} holds {len(named)} pictures, expected {_FEWEST} or more from all around the object")
    sizes = {image.shape[1::-1] for image in named.values()}
    if len(sizes) > 1:
        listed = ", ".join(f"{width}x{height}" for width, height in sorted(sizes))
        raise ScanError(
            f"{source} has pictures of {listed} px, expected one; take them with one camera that is held "
            "the same way and not zoomed"
        )
    scale = min(1.0, LONGEST_SIDE / max(next(iter(sizes))))
    return ColourPictures([ColourPicture(name, _scaled(rgb, scale)) for name, rgb in named.items()], scale, lossy)


def _colour(path: Path) -> NDArray[np.uint8]:
    image = decoded(path, file_bytes(path))
    if image.ndim != 3 or image.dtype != np.uint8:
        raise ScanError(f"{path} is {image.dtype} {image.shape}, expected a colour image of 8 bit")
    return np.ascontiguousarray(image[..., 2::-1])


def _scaled(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return rgb
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _video(path: Path, frames: int) -> dict[str, NDArray[np.uint8]]:
    """The sharpest frame of each of ``frames`` equal parts of the video."""
    video = cv2.VideoCapture(str(path))
    try:
        total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened() or total < 1:
            raise ScanError(f"{path} cannot be read as a video, expected one that OpenCV reads")
        best: dict[int, tuple[float, int, NDArray[np.uint8]]] = {}
        for number in range(total):
            read, frame = video.read()
            if not read:
                break
            part = number * frames // total
            grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
            sharp = float(cv2.Laplacian(cv2.resize(grey, None, fx=0.5, fy=0.5), cv2.CV_32F).var())
            if part not in best or sharp > best[part][0]:
                best[part] = (sharp, number, np.ascontiguousarray(frame[..., ::-1]))
    finally:
        video.release()
    return {f"frame{number:06d}": rgb for _, number, rgb in best.values()}
