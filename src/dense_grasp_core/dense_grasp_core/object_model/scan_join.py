"""Two scans of one object become one: the second was taken after the object was turned over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.bank_file import frame_digest
from dense_grasp_core.object_model.coverage import share_of_all_directions
from dense_grasp_core.object_model.fused_surface import Surface, fuse, seen_through
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.object_model.scan_check import ScanCheck, require_consistent
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_core.object_model.scan_registration import Registration, RegistrationError, register
from dense_grasp_core.object_model.scan_summary import surface_of

_SAME_CAMERA = 1e-3  # px
_THROUGH = 2.0  # voxels


@dataclass(frozen=True)
class JoinedScan:
    """views, surface: of both scans, in the first one's frame. coverage: share of all directions, also from below, that
    a picture of either was taken from.
    """

    views: list[ScanView]
    surface: Surface
    registration: Registration
    check: ScanCheck
    coverage: float

    def __str__(self) -> str:
        """For the operator."""
        size = " x ".join(f"{100 * edge:.1f}" for edge in np.ptp(self.surface.points, axis=0))
        return (
            f"{len(self.views)} views, {self.coverage:.0%} of all directions, also from below, {size} cm; "
            f"{self.registration}"
        )

    def about(self, first: Mapping[str, Any], second: Mapping[str, Any], frame: str) -> dict[str, Any]:
        """What its scan.json says, from what those of the two scans say, and the digest of the first one's frame."""
        count = len(self.views)
        found = self.registration
        told = {
            "second_from_first": found.second_from_first.tolist(),
            "residual": found.residual,
            "agreeing": found.agreeing,
            "looked_at": found.looked_at,
        }
        return {
            **{name: value for name, value in first.items() if name != "pictures"},
            "check": str(self.check),
            "coverage": self.coverage,
            "frame": frame,
            "joined": [*_list(first.get("joined")), {**second, **told, "views": count}],
            "size_m": np.round(np.ptp(self.surface.points, axis=0), 4).tolist(),
        }


def join_to(
    folder: Path,
    finder: PoseFinder,
    views: Sequence[ScanView],
    surface: Surface,
    about: Mapping[str, Any],
    on_picture: Callable[[int, int], None] = lambda done, most: None,
) -> tuple[JoinedScan, dict[str, Any]]:
    """A second scan's views and surface joined to the scan in a folder, and what scan.json says of both.

    finder: of the bank of the scan in the folder, which is only read. about: what the second's scan.json would say.
    on_picture: see `register`. Raises ScanError; RegistrationError where the two do not fit together.
    """
    first, first_surface = read_scan(folder), surface_of(folder)
    found = register(finder, (first, first_surface or fuse(first)), (views, surface), on_picture=on_picture)
    joined = join(first, views, found)
    path = folder / "scan.json"
    before = read_json(path) if path.is_file() else {}
    return joined, joined.about(before if isinstance(before, dict) else {}, about, frame_digest(folder))


def join(first: Sequence[ScanView], second: Sequence[ScanView], registration: Registration) -> JoinedScan:
    """The scan of the views of both, in the first one's frame; its surface is that on which all of them agree.

    What one scan took for surface and the other looks through is left out: the rim at which the object stood on the
    table. Raises RegistrationError for scans of two cameras, ScanError where the views contradict each other.
    """
    camera = first[0].camera
    views = list(first)
    for view in second:
        if not _same_camera(view, first[0]):
            raise RegistrationError(
                f"the second scan's camera is {view.camera}, the first one's {camera}, expected the same for both"
            )
        pose: NDArray[np.float64] = view.pose @ registration.second_from_first
        views.append(replace(view, name=f"turned {view.name}", camera=camera, camera_from_object=pose))
    check = require_consistent(views)
    surface = fuse(views)
    kept = ~seen_through(views, surface.points, _THROUGH * surface.voxel)
    surface = Surface(surface.points[kept], surface.normals[kept], surface.colours[kept], surface.voxel)
    return JoinedScan(views, surface, registration, check, share_of_all_directions(views))


def _same_camera(view: ScanView, other: ScanView) -> bool:
    one, two = view.camera, other.camera
    if one.distorts or two.distorts or (one.width, one.height) != (two.width, two.height):
        return False
    return bool(np.abs(one.matrix - two.matrix).max() < _SAME_CAMERA)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
