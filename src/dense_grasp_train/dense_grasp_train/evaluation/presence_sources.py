"""Pictures in which a scanned object is looked for: ``evaluate --pictures … --without`` and ``--siblings``.

Each is said as SCAN=PATTERN, both relative to the folder of the pictures: the scan is the bank, the pattern names
folders of pictures or scans, `board/cap=hope/*` say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import followed_link, read_camera, read_scan
from dense_grasp_core.object_model.scan_files import pictures_of
from dense_grasp_core.object_model.view_bank import Describe, build

from dense_grasp_train.data.files import read_colour
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.presence import Presence, SearchedPicture, as_it_is, look_for, painted_over

_VIEW_ANGLE = np.radians(60.0)
"""Across a picture whose camera nobody wrote down."""
_NOT_COLOUR = (".depth", ".mask")
Rows = dict[tuple[str, str], list[Presence]]


@dataclass
class PresenceTables:
    """Answers by scan and pictures. there: the object's own scans, as they are; without: pictures without it."""

    there: Rows = field(default_factory=dict)
    without: Rows = field(default_factory=dict)
    siblings: Rows = field(default_factory=dict)


def measure_presence(
    folder: Path,
    without: Sequence[str],
    siblings: Sequence[str],
    describe: Describe,
    progress: Callable[[str, int], Callable[[], None]],
) -> PresenceTables:
    """Look for the objects of the scans in the pictures that are named beside them.

    A scan of the object itself, one whose folder has the bank's name, is looked through twice: as it is, and with the
    object painted over. The bank's own scan is halved: every second picture is the bank, the others are searched.
    progress: begins a row of a name and a count, and gives what counts it. Raises EvaluationError, ScanError.
    """
    tables = PresenceTables()
    finders: dict[tuple[Path, bool], PoseFinder] = {}

    def finder_of(bank: Path, halved: bool) -> PoseFinder:
        key = bank, halved
        if key not in finders:
            finders.clear()  # one bank at a time: each takes some 100 MB
            finders[key] = PoseFinder(build(read_scan(bank)[:: 2 if halved else 1], describe), describe)
        return finders[key]

    def add(rows: Rows, bank: Path, name: str, pictures: list[SearchedPicture], halved: bool = False) -> None:
        scan = str(bank.relative_to(folder)) + (", every second picture" if halved else "")
        answers = look_for(finder_of(bank, halved), pictures, progress(f"{scan} in {name}", len(pictures)))
        rows.setdefault((scan, name), []).extend(answers)

    for spec in without:
        for bank, pattern, found in _matched(folder, spec):
            for place in found:
                if place.name != bank.name or not _is_scan(place):
                    add(tables.without, bank, pattern, pictures_in(place))
                    continue
                halved = place == bank
                views = read_scan(place)[1 if halved else 0 :: 2 if halved else 1]
                name = "the others" if halved else str(place.relative_to(folder))
                add(tables.there, bank, name, as_it_is(views), halved)
                add(tables.without, bank, f"{name}, the object painted over", painted_over(views), halved)
    for spec in siblings:
        for bank, pattern, found in _matched(folder, spec):
            for place in found:
                add(tables.siblings, bank, pattern, pictures_in(place))
    return tables


def pictures_in(folder: Path) -> list[SearchedPicture]:
    """The colour pictures of a folder, or of its `rgb`, by its camera.json or its parent's; without, 60° wide."""
    source = followed_link(folder / "rgb") if followed_link(folder / "rgb").is_dir() else folder
    known = next((path for path in (folder / "camera.json", folder.parent / "camera.json") if path.is_file()), None)
    values = read_camera(known)[0] if known else None
    found = []
    for name, path in pictures_of(source).items():
        if not name.endswith(_NOT_COLOUR):
            rgb = read_colour(path)
            height, width = rgb.shape[:2]
            if values is None:
                focal = width / (2.0 * np.tan(_VIEW_ANGLE / 2.0))
                camera = CameraModel(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)
            else:
                camera = CameraModel(width, height, values["fx"], values["fy"], values["cx"], values["cy"])
            found.append(SearchedPicture(name, rgb, camera))
    if not found:
        raise EvaluationError(f"{source} holds no picture, expected .png or .jpg to look for an object in")
    return found


def _is_scan(folder: Path) -> bool:
    return (folder / "poses.json").is_file()


def _matched(folder: Path, spec: str) -> Iterator[tuple[Path, str, list[Path]]]:
    scan, equals, pattern = spec.partition("=")
    bank = folder / scan
    if not (scan and equals and pattern) or not _is_scan(bank):
        raise EvaluationError(
            f"{spec} names no scan in {folder} and its pictures, expected SCAN=FOLDERS, board/cap=hope/* say"
        )
    found = sorted(path for path in folder.glob(pattern) if path.is_dir())
    if not found:
        raise EvaluationError(f"{spec} matches no folder in {folder}, expected folders of pictures")
    yield bank, pattern, found
