"""The pictures of a scan, asked of the graph once, and where they show points of the object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import from_quaternion
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.seen_points import pixel_in_view
from numpy.typing import NDArray

from dense_grasp_ui.pictures.newest import PictureError, jpeg, picture_rgb

#: Scans that are kept, about 1 MB a picture; the width of a small picture, px; and what it shows around the object.
KEPT, SMALL, MARGIN = 2, 200, 0.15
Point = tuple[float, float, float]
Pixel = tuple[float, float]


class Scans(Protocol):
    """The calls of GraspClient.scans; they raise DenseGraspError."""

    def summaries(self, object_id: str) -> Sequence[Any]:
        """ScanSummary of the object's scan, none without one."""

    def view(self, object_id: str, view: int) -> Any:
        """GetScanView.Response of one picture."""


@dataclass(frozen=True)
class ViewOfScan:
    """Which picture of which scan. version: another one for another scan of the object."""

    object_id: str
    version: int
    number: int


@dataclass(frozen=True, eq=False)
class Picture:
    """One view of a scan as it came, in files; they are decoded when somebody looks."""

    name: str
    image: bytes
    mask: bytes
    depth: bytes
    camera: CameraModel
    camera_from_object: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, answer: Any) -> Picture:
        """From a GetScanView.Response. Raises DenseGraspError for a camera that is none."""
        info, place = answer.camera_info, answer.camera_from_object.position
        turn = answer.camera_from_object.orientation
        camera = CameraModel.from_camera_info(info.width, info.height, info.k, info.d, info.distortion_model)
        pose = from_quaternion([turn.x, turn.y, turn.z, turn.w], [place.x, place.y, place.z])
        return cls(name, bytes(answer.image.data), bytes(answer.mask.data), bytes(answer.depth.data), camera, pose)

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The picture (H, W, 3). Raises PictureError."""
        return picture_rgb(self.image)

    @cached_property
    def part(self) -> tuple[int, int, int, int]:
        """Left, top, width and height, px, of the part that shows the object, in the picture's shape. Raises
        PictureError.
        """
        v, u = np.nonzero(_decoded(self.mask))
        whole = np.array([self.camera.width, self.camera.height])
        if not len(u):
            return 0, 0, int(whole[0]), int(whole[1])
        low, high = np.array([u.min(), v.min()]), np.array([u.max(), v.max()]) + 1
        share = min(1.0, (1.0 + 2.0 * MARGIN) * float(((high - low) / whole).max()))
        size = np.maximum(np.rint(share * whole).astype(int), 1)
        corner = np.clip((low + high - size) // 2, 0, whole - size)
        return int(corner[0]), int(corner[1]), int(size[0]), int(size[1])

    @cached_property
    def small(self) -> bytes:
        """JPEG of that part, SMALL px wide. Raises PictureError."""
        left, top, width, height = self.part
        size = SMALL, max(1, round(SMALL * self.camera.height / self.camera.width))
        part = self.rgb[top : top + height, left : left + width]
        shrinks = width > SMALL
        resized = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return jpeg(np.asarray(resized, np.uint8))

    def pixels(self, points: Sequence[Point]) -> list[Pixel | None]:
        """Where it shows points of the object, None for one that it does not. Raises PictureError."""
        rgb, mask = self.rgb, _decoded(self.mask)
        depth = _decoded(self.depth).astype(float) / 1000.0 if self.depth else np.zeros(mask.shape)
        if not rgb.shape[:2] == mask.shape == depth.shape:
            raise PictureError(f"{self.name}: colour {rgb.shape[:2]}, mask {mask.shape}, depth {depth.shape} differ")
        view = ScanView(self.name, rgb, depth, mask > 0, self.camera, self.camera_from_object)
        return [pixel_in_view(view, point) for point in points]


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan that was asked for. version: another one for another scan of the object; summary: a ScanSummary."""

    object_id: str
    version: int
    summary: Any
    pictures: tuple[Picture, ...]

    def pixels(self, points: Sequence[Point]) -> list[list[Pixel | None]]:
        """Of each picture, where it shows each of the points. Raises PictureError."""
        return [picture.pixels(points) for picture in self.pictures]


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
            names = [f"view {number} of {object_id}" for number in range(summary.views)]
            pictures = [Picture.of(name, scans.view(object_id, number)) for number, name in enumerate(names)]
            scan = Scan(*key, summary, tuple(pictures))
            with self._lock:
                self._kept[key] = scan
                while len(self._kept) > KEPT:
                    del self._kept[next(iter(self._kept))]
            return scan

    def is_current(self, view: ViewOfScan) -> bool:
        """Whether the scan that a view is of was not replaced or removed since. Raises DenseGraspError."""
        return any(_version(summary) == view.version for summary in self._scans().summaries(view.object_id))

    def picture(self, view: ViewOfScan) -> Picture:
        """A picture of a scan that was loaded. Raises PictureError with what to do."""
        with self._lock:
            scan = self._kept.get((view.object_id, view.version))
        if scan is None or not 0 <= view.number < len(scan.pictures):
            raise PictureError("that picture of a scan is no longer kept: press “Show its scan” again")
        return scan.pictures[view.number]


def _version(summary: Any) -> int:
    return int(summary.created.sec) * 10**9 + int(summary.created.nanosec)


def _decoded(png: bytes) -> NDArray[Any]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if image is None or image.ndim != 2:
        raise PictureError(f"a mask or depth of {len(png)} bytes cannot be read, expected a whole PNG of one channel")
    return image
