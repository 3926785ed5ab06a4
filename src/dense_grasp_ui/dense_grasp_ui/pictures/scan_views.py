"""The scans that were looked at: asked of the graph once, kept, and told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_ui.pictures.coloured_points import ColouredPoints
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.look import Point
from dense_grasp_ui.pictures.scan_picture import Pixel, ScanPicture

#: Scans that are kept, about 1 MB a picture.
KEPT = 2


class Scans(Protocol):
    """Reads scans; its calls raise DenseGraspError."""

    def summaries(self, object_id: str) -> Sequence[Any]:
        """ScanSummary of the object's scan, none without one."""

    def view(self, object_id: str, view: int) -> ScanPicture:
        """One picture."""

    def surface(self, object_id: str) -> ColouredPoints:
        """Points of the surface."""


@dataclass(frozen=True)
class ViewOfScan:
    """Which picture of which scan. version: another one for another scan of the object."""

    object_id: str
    version: int
    number: int


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan that was asked for. version: another one for another scan of the object; summary: a ScanSummary; surface:
    None where there is none, for the reason `no_surface`.
    """

    object_id: str
    version: int
    summary: Any
    pictures: tuple[ScanPicture, ...]
    surface: ColouredPoints | None = None
    no_surface: str = ""

    def pixels(self, point: Point) -> list[Pixel | None]:
        """Where each picture shows a point of the object; None where it does not. Raises PictureError."""
        return [picture.pixel(point) for picture in self.pictures]


class ScanViews:
    """The scans that somebody looked at last. Thread-safe."""

    def __init__(self, scans: Callable[[], Scans]):
        self._scans = scans
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._kept: dict[tuple[str, int], Scan] = {}

    def load(self, object_id: str) -> Scan | None:
        """The object's scan, asked for unless it is kept; None without one. Raises DenseGraspError."""
        scans = self._scans()
        summary = next(iter(scans.summaries(object_id)), None)
        if summary is None:
            return None
        key = object_id, _version(summary)
        with self._loading:  # ten browsers that look at one scan ask for it once
            if (known := self._kept.get(key)) is not None:
                return known
            pictures = [scans.view(object_id, number) for number in range(summary.views)]
            scan = Scan(*key, summary, tuple(pictures), *_surface_of(scans, summary))
            with self._lock:
                self._kept[key] = scan
                while len(self._kept) > KEPT:
                    del self._kept[next(iter(self._kept))]
            return scan

    def is_current(self, view: ViewOfScan) -> bool:
        """Whether the scan that a view is of was not replaced or removed since. Raises DenseGraspError."""
        return any(_version(summary) == view.version for summary in self._scans().summaries(view.object_id))

    def picture(self, view: ViewOfScan) -> ScanPicture:
        """A picture of a scan that was loaded. Raises PictureError with what to do."""
        with self._lock:
            scan = self._kept.get((view.object_id, view.version))
        if scan is None or not 0 <= view.number < len(scan.pictures):
            raise PictureError("that picture of a scan is no longer kept: press “Show its scan” again")
        return scan.pictures[view.number]


def _surface_of(scans: Scans, summary: Any) -> tuple[ColouredPoints | None, str]:
    """The surface, or why there is none: the pictures are shown all the same."""
    if not summary.has_surface:
        return None, f"The scan of {summary.object_id} has no surface."
    try:
        return scans.surface(summary.object_id), ""
    except DenseGraspError as error:
        return None, f"Its surface cannot be shown: {error}"


def _version(summary: Any) -> int:
    return int(summary.created.sec) * 10**9 + int(summary.created.nanosec)
