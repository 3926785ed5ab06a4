"""Pictures and other files that a mesh names: found where that is certain, decoded whole."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from dense_grasp_core.wording import some_of
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.part import MeshError

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff", ".webp", ".dds", ".gif")


def find_file(folder: Path, written: str) -> Path:
    """The file that a mesh in `folder` names.

    As written; else with / for backslashes and %20 decoded; else in other case; else, of a path that is not there, its
    last part beside the mesh. Raises MeshError that completes "names NAME, ..." where there is none or where several
    differ in case alone.
    """
    name = written.strip().strip('"')
    spellings = list(dict.fromkeys((name, name.replace("\\", "/"), unquote(name.replace("\\", "/")))))
    spellings += [spelling.rsplit("/", 1)[-1] for spelling in spellings if "/" in spelling]
    for spelling in spellings:
        try:
            if (folder / spelling).is_file():
                return folder / spelling
        except (OSError, ValueError):  # too long, or with a zero byte
            continue
    for spelling in spellings:
        found = _in_any_case(folder, spelling)
        if len(found) == 1:
            return found[0]
        if found:
            raise MeshError(f"which could be any of {', '.join(map(str, found))}: rename one or correct the name")
    suffix = Path(spellings[-1]).suffix.lower()
    kind, suffixes = ("picture", _SUFFIXES) if suffix in ("", *_SUFFIXES) else (f"{suffix} file", (suffix,))
    there = [path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes]
    listed = f"{kind}s there: {some_of(there, most=8)}" if there else f"no {kind} is there"
    raise MeshError(f"which is not in {folder} ({listed}): put it there or correct the name")


def _in_any_case(folder: Path, spelling: str) -> list[Path]:
    places = [folder]
    for name in spelling.split("/"):
        if name in ("", ".", ".."):
            places = [place / name for place in places]
            continue
        places = [
            entry
            for place in places
            if place.is_dir()
            for entry in place.iterdir()
            if entry.name.lower() == name.lower()
        ]
    return sorted(place for place in places if place.is_file())


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """Pixels (h, w, 3) uint8 RGB of an encoded picture. Raises MeshError that completes "names NAME, ..."."""
    from PIL import Image

    try:
        picture: Image.Image = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise MeshError(f"which is damaged or no picture ({len(data)} bytes, {error}): replace it") from error
    if picture.mode == "F":
        raise MeshError("which has pixels of floating point: convert it to 8 bit")
    if picture.mode.startswith("I"):  # grey of 16 bit, which PIL would clip to 255 and so turn white
        grey = np.asarray(picture, np.int64)
        grey = (np.clip(grey, 0, 65535) / 257.0).round().astype(np.uint8) if grey.max() > 255 else grey.astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8))
