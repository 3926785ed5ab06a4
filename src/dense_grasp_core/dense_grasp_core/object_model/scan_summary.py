"""What is known of a scan on disk without reading its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.fused_surface import Surface, read_surface
from dense_grasp_core.object_model.scan import ScanError, count_views
from dense_grasp_core.object_model.scan_files import read_json


@dataclass(frozen=True)
class ScanSummary:
    """created: s since 1970; coverage: share of the directions above the table, NaN where the scan's maker did not say;
    size (3,), m, of the box around the surface in the object's frame, zeros without a surface.
    """

    created: float
    views: int
    coverage: float
    size: NDArray[np.float64]
    has_surface: bool


def surface_of(folder: Path) -> Surface | None:
    """The surface that the scan is kept with, None without one. Raises ScanError for a file that is none."""
    path = folder / "surface.ply"
    return read_surface(path) if path.is_file() else None


def summary_of(folder: Path) -> ScanSummary:
    """Of the scan in a folder. Raises ScanError that names what cannot be read."""
    surface = surface_of(folder)
    try:
        created = (folder / "poses.json").stat().st_mtime
    except OSError as error:
        raise ScanError(f"{folder}/poses.json cannot be read, expected the pose of every picture: {error}") from error
    about = folder / "scan.json"
    told = read_json(about).get("coverage") if about.is_file() else None
    coverage = float(told) if isinstance(told, (int, float)) and 0.0 <= told <= 1.0 else float("nan")
    size = np.zeros(3) if surface is None else np.ptp(surface.points, axis=0)
    return ScanSummary(created, count_views(folder), coverage, size, surface is not None)
