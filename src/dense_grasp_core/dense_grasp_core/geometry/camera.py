"""The camera of an image: pinhole and lens (`dense_grasp_core.geometry.lens`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.lens import Lens, distort, undistort

Array = NDArray[np.float64]
_LENSES = {**{lens.value: lens for lens in Lens}, "rational_polynomial": Lens.BROWN_CONRADY, "": Lens.BROWN_CONRADY}
_EXACT = 1e-6


class CameraError(DenseGraspError):
    """Camera parameters or arguments that describe no camera this package knows."""


@dataclass(frozen=True)
class CameraModel:
    """Intrinsics of one image.

    width, height in px; fx, fy, cx, cy in px with pixel centres at integers; distortion: the lens' coefficients in
    OpenCV's order, (k1, k2, p1, p2[, k3[, k4, k5, k6]]) but for a fisheye lens.
    Points are in the optical frame: x to the right, y down, z forward, metres.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    lens: Lens = Lens.BROWN_CONRADY

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise CameraError(f"image size is {self.width}x{self.height}, expected at least 1x1")
        if not (np.isfinite([self.fx, self.fy, self.cx, self.cy]).all() and self.fx > 0 and self.fy > 0):
            raise CameraError(
                f"intrinsics are fx={self.fx} fy={self.fy} cx={self.cx} cy={self.cy}, "
                "expected finite, fx and fy > 0 (is the camera calibrated?)"
            )
        counts = self.lens.counts if any(self.distortion) else Lens.BROWN_CONRADY.counts  # drivers pad with zeros
        if len(self.distortion) not in counts or not np.isfinite(self.distortion).all():
            raise CameraError(
                f"distortion is {self.distortion}, expected {', '.join(map(str, counts[:-1]))} or {counts[-1]} finite "
                f"numbers for the lens model {self.lens.value}"
            )

    @classmethod
    def from_camera_info(
        cls,
        width: int,
        height: int,
        k: Sequence[float],
        d: Sequence[float] = (),
        distortion_model: str = "plumb_bob",
        *,
        r: Sequence[float] = (),
        p: Sequence[float] = (),
        binning: tuple[int, int] = (0, 0),
        roi: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> CameraModel:
        """The camera of the image that a sensor_msgs/CameraInfo belongs to, which is not rectified (image_raw).

        width, height, k, d: of the sensor. k, r: row-major 3x3, p: row-major 3x4; r and p empty or all zero: not given.
        roi: x offset, y offset, width, height of the part that was read out, in sensor pixels, size 0 for all of it;
        binning: sensor pixels per image pixel across and down, 0 for 1. Both are applied.
        Raises CameraError for what would move points and is not modelled: skew, a rectifying rotation, a baseline, and
        a projection matrix that contradicts an undistorted camera matrix.
        """
        if distortion_model not in _LENSES:
            known = ", ".join(name for name in _LENSES if name)
            raise CameraError(f"distortion model is {distortion_model!r}, expected one of {known}")
        if len(k) != 9:
            raise CameraError(f"camera matrix has {len(k)} numbers, expected 9")
        sensor = cls(
            int(width),
            int(height),
            float(k[0]),
            float(k[4]),
            float(k[2]),
            float(k[5]),
            tuple(float(x) for x in d),
            _LENSES[distortion_model],
        )
        if not np.allclose([k[1], k[3], *k[6:]], [0.0, 0.0, 0.0, 0.0, 1.0], atol=_EXACT):
            raise CameraError(
                f"camera matrix is {[float(x) for x in k]}, expected [fx, 0, cx, 0, fy, cy, 0, 0, 1]: skew is not "
                "modelled"
            )
        sensor._check_rectification(r, p)
        return sensor._read_out(roi, binning)

    def _check_rectification(self, r: Sequence[float], p: Sequence[float]) -> None:
        if any(r) and not np.allclose(r, np.eye(3).ravel(), atol=_EXACT):
            raise CameraError(
                f"rectification matrix R is {[float(x) for x in r]}, expected the identity: a rectified stereo camera "
                "looks along other axes than its frame_id; use the topics of the unrectified camera"
            )
        if not any(p):
            return
        if not np.isfinite(p).all() or abs(p[3]) > _EXACT or abs(p[7]) > _EXACT:
            raise CameraError(
                f"projection matrix P has the baseline ({p[3]:g}, {p[7]:g}) px m, expected 0: the image of a second "
                "stereo camera does not lie in its frame_id; use the first camera"
            )
        if not self.distorts:
            intrinsics = (self.fx, self.fy, self.cx, self.cy)
            projected = (p[0], p[5], p[2], p[6])
            if not np.allclose(projected, intrinsics, rtol=0.0, atol=0.01):
                raise CameraError(
                    f"projection matrix P has fx fy cx cy {tuple(float(x) for x in projected)} and camera matrix K "
                    f"{intrinsics}, expected the same without distortion: one of them is of another image"
                )

    def _read_out(self, roi: tuple[int, int, int, int], binning: tuple[int, int]) -> CameraModel:
        left, top, width, height = roi
        width, height = width or self.width, height or self.height
        if left + width > self.width or top + height > self.height:
            raise CameraError(
                f"region of interest is {width}x{height} px at ({left}, {top}), expected inside the {self.width}x"
                f"{self.height} px of the sensor"
            )
        across, down = (n or 1 for n in binning)
        if width % across or height % down:
            raise CameraError(f"binning is {across}x{down}, expected divisors of {width}x{height} px")
        if (left, top, width, height, across, down) == (0, 0, self.width, self.height, 1, 1):
            return self
        cut = replace(self, width=width, height=height, cx=self.cx - left, cy=self.cy - top)
        return cut.scaled(1.0 / across, 1.0 / down)

    @property
    def distorts(self) -> bool:
        """Whether the lens moves any point: a fisheye lens does without a coefficient, too."""
        return self.lens is Lens.FISHEYE or any(self.distortion)

    @property
    def matrix(self) -> Array:
        """(3, 3) camera matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def contains(self, u: float, v: float) -> bool:
        """Whether pixel (u, v) lies in the image; border pixels reach half a pixel beyond their centres."""
        return bool(-0.5 <= u < self.width - 0.5 and -0.5 <= v < self.height - 0.5)

    def nearest_pixels(self, pixels: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The whole pixels (n, 2) nearest to pixels (n, 2), (0, 0) for one outside the image; which lie in it (n,)."""
        u, v = exact = np.ascontiguousarray(np.asarray(pixels, float).T)
        inside = (u >= -0.5) & (u < self.width - 0.5) & (v >= -0.5) & (v < self.height - 0.5)
        return np.rint(np.where(inside, exact, 0.0)).astype(np.int64).T, inside

    def scaled(self, sx: float, sy: float) -> CameraModel:
        """The camera of this image resized by sx and sy, pixel areas preserved (as cv2.resize does)."""
        return CameraModel(
            round(self.width * sx),
            round(self.height * sy),
            self.fx * sx,
            self.fy * sy,
            (self.cx + 0.5) * sx - 0.5,
            (self.cy + 0.5) * sy - 0.5,
            self.distortion,
            self.lens,
        )

    def undistorted(self) -> CameraModel:
        """The camera of the same intrinsics without a lens that distorts."""
        return replace(self, distortion=(0.0,) * 5, lens=Lens.BROWN_CONRADY)

    def project(self, points_camera: ArrayLike) -> Array:
        """Pixels (N, 2) of points (N, 3); NaN for points not in front of the camera."""
        points = _rows(points_camera, 3, "points_camera")
        z = np.where(points[:, 2] > 0, points[:, 2], np.nan)
        x, y = self._distort(points[:, 0] / z, points[:, 1] / z)
        return np.stack([self.fx * x + self.cx, self.fy * y + self.cy], axis=1)

    def rays(self, pixels: ArrayLike) -> Array:
        """Directions (N, 3) with z = 1 that pixels (N, 2) look along, distortion undone."""
        uv = _rows(pixels, 2, "pixels")
        x, y = self._undistort((uv[:, 0] - self.cx) / self.fx, (uv[:, 1] - self.cy) / self.fy)
        return np.stack([x, y, np.ones_like(x)], axis=1)

    def deproject(self, pixels: ArrayLike, depth: ArrayLike) -> Array:
        """Points (N, 3) in the optical frame at pixels (N, 2) and depth (N,), metres along the optical axis.

        NaN where the depth is NaN or the distortion has no inverse.
        """
        rays = self.rays(pixels)
        z = np.broadcast_to(np.asarray(depth, dtype=float), (len(rays),))
        return rays * z[:, None]

    def _distort(self, x: Array, y: Array) -> tuple[Array, Array]:
        return distort(self.lens, self.distortion, x, y) if self.distorts else (x, y)

    def _undistort(self, xd: Array, yd: Array) -> tuple[Array, Array]:
        return undistort(self.lens, self.distortion, xd, yd) if self.distorts else (xd, yd)


def _rows(values: ArrayLike, columns: int, name: str) -> Array:
    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or array.shape[1] != columns:
        raise CameraError(f"{name} has shape {array.shape}, expected (N, {columns})")
    return array
