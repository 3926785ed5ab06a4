"""The pictures below folders, data sets and scans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
#: Folders of colour pictures beside those of depth and masks, in a scan and in a scene of a BOP data set.
COLOUR_FOLDERS = ("rgb", "gray")


class NoPicturesError(DenseGraspError):
    """A path without pictures."""


def picture_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those below each folder by name, hidden ones left out.

    Of a folder that has a folder rgb or gray only the pictures in that are taken: so a scan or a BOP data set (a scene,
    a split, or the whole of it) gives its colour pictures, and neither depth nor masks. Raises NoPicturesError.
    """
    found: list[Path] = []
    for path in paths:
        below = list(_below(path)) if path.is_dir() else [path] if path.is_file() else []
        if not path.exists():
            raise NoPicturesError(f"{path} does not exist, expected a picture or a folder with pictures")
        if not below or (path.is_file() and not _is_picture(path)):
            raise NoPicturesError(f"{path} has no picture, expected files of {', '.join(SUFFIXES)}")
        found += below
    return list(dict.fromkeys(found))


def short_names(files: list[Path]) -> list[str]:
    """What tells the files apart: their paths without the folder that all have in common."""
    resolved = [file.absolute().parts for file in files]
    shared = 0
    while len({parts[: shared + 1] for parts in resolved}) == 1 and shared + 1 < min(map(len, resolved)):
        shared += 1
    return ["/".join(parts[shared:]) for parts in resolved]


def _below(folder: Path) -> Iterator[Path]:
    colour = [folder / name for name in COLOUR_FOLDERS if (folder / name).is_dir()]
    if colour:
        for inner in colour:
            yield from _below(inner)
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path)
        elif _is_picture(path):
            yield path


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES
