"""What a scan is made from: views of one object, and a sentence on where poses and size come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dense_grasp_core.object_model.scan import ScanError, ScanView, left_out, object_folders, read_scan
from dense_grasp_core.object_model.scan_files import pictures_of


@dataclass(frozen=True)
class Source:
    """views: each with its pose. notes: for scan.json, how they came about. lossy: the pictures were JPEG already.

    left_out: a sentence each for files and pictures that are not used.
    """

    views: list[ScanView]
    notes: Mapping[str, Any] = field(default_factory=dict)
    lossy: bool = False
    left_out: Sequence[str] = ()


def posed_pictures(folder: Path, name: str) -> Source:
    """Colour, depth, mask and poses in the layout of a scan; ``name`` chooses among several objects.

    Raises ScanError that names the file.
    """
    chosen = chosen_object(folder, name)
    views = read_scan(chosen)
    lossy = all(path.suffix.lower() != ".png" for path in pictures_of(chosen / "rgb").values())
    return Source(views, {"poses": "given", "size": "depth"}, lossy, left_out(chosen))


def chosen_object(folder: Path, name: str) -> Path:
    """The folder of the object that is meant. Raises ScanError where that is not certain."""
    objects = object_folders(folder)
    if not name:
        if len(objects) > 1:
            names = ", ".join(path.name for path in objects)
            raise ScanError(f"{folder} holds {len(objects)} objects ({names}), expected one: name it with --object")
        return objects[0]
    for path in objects:
        if path.name == name:
            return path
    raise ScanError(f"{folder} has no object {name!r}, expected one of {', '.join(path.name for path in objects)}")
