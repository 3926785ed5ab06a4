"""Virtual cameras at the real one's place, turned towards an object: it lies in their middle at a size of choice.

A turn of the camera changes no ray, so such a picture is exact, and an object looks in it as it does in the middle of
the real picture: without the stretch of a wide lens towards its border.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import angle_about_z

Array = NDArray[np.float64]
_SMALLEST_LEVEL = 64


def turn_towards(direction_camera: Array) -> Array:
    """Rotation camera_from_virtual (3, 3) by the smallest turn whose z axis is the direction (3,)."""
    x, y, z = direction_camera / np.linalg.norm(direction_camera)
    if z < -1.0 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    return np.eye(3) + cross + cross @ cross / (1.0 + z)


def roll(angle: float) -> Array:
    """Rotation (3, 3) about the optical axis by an angle, radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def roll_between(a_from_object: Array, b_from_object: Array) -> float:
    """The angle by which ``roll(angle) @ b_from_object`` comes closest to a_from_object, rotations (3, 3)."""
    return angle_about_z(a_from_object @ b_from_object.T)


@dataclass(frozen=True)
class LookAt:
    """A square virtual picture: camera_from_virtual (3, 3) rotation, focal length and side in px."""

    camera_from_virtual: Array
    focal: float
    size: int

    @property
    def matrix(self) -> Array:
        """(3, 3) camera matrix K."""
        middle = (self.size - 1) / 2.0
        return np.array([[self.focal, 0.0, middle], [0.0, self.focal, middle], [0.0, 0.0, 1.0]])

    def rays_camera(self, pixels: Array) -> Array:
        """Directions (N, 3) in the real camera's frame of virtual pixels (N, 2)."""
        plane = (pixels - (self.size - 1) / 2.0) / self.focal
        return np.concatenate([plane, np.ones((len(plane), 1))], 1) @ self.camera_from_virtual.T

    def project(self, points_virtual: Array) -> Array:
        """Virtual pixels (N, 2) of points (N, 3) in the virtual camera's frame."""
        return points_virtual[:, :2] / points_virtual[:, 2:] * self.focal + (self.size - 1) / 2.0


class PicturePyramid:
    """A picture and its halves, so that a smaller picture of it is smoothed and not only sampled."""

    def __init__(self, rgb: NDArray[np.uint8], camera: CameraModel) -> None:
        """rgb (H, W, 3) of the camera."""
        self.camera = camera
        self._levels = [(rgb, camera)]

    def look(self, view: LookAt) -> NDArray[np.uint8]:
        """The virtual picture (size, size, 3). Border pixels go on beyond the picture."""
        rgb, camera = self.level(view.focal)
        if not camera.distorts:
            camera_pixel_from_virtual = camera.matrix @ view.camera_from_virtual @ np.linalg.inv(view.matrix)
            flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
            size = (view.size, view.size)
            return cv2.warpPerspective(rgb, camera_pixel_from_virtual, size, flags=flags, borderMode=border)  # type: ignore[return-value]
        u, v = np.meshgrid(np.arange(view.size, dtype=float), np.arange(view.size, dtype=float))
        rays = view.rays_camera(np.stack([u.ravel(), v.ravel()], 1))
        return remapped(rgb, _places(camera, rays.reshape(view.size, view.size, 3)))

    def level(self, focal: float) -> tuple[NDArray[np.uint8], CameraModel]:
        """The picture, or its half of a half, and its camera, whose focal length is nearest above the one asked for."""
        level = max(0, int(np.floor(np.log2(self.camera.fx / focal) + 0.4)))
        while len(self._levels) <= level:
            rgb, camera = self._levels[-1]
            width, height = camera.width // 2, camera.height // 2
            if min(width, height) < _SMALLEST_LEVEL:
                break
            half = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
            self._levels.append((half, camera.scaled(width / camera.width, height / camera.height)))  # type: ignore[arg-type]
        return self._levels[min(level, len(self._levels) - 1)]


def remapped(rgb: NDArray[np.uint8], places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture (h, w, 3) at places (h, w, 2); border pixels go on beyond it."""
    return cv2.remap(rgb, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value, call-overload]


def _places(camera: CameraModel, rays_camera: Array) -> NDArray[np.float32]:
    """Pixels (h, w, 2) of directions (h, w, 3); far outside where the camera cannot see."""
    flat = rays_camera.reshape(-1, 3)
    if camera.distorts:
        pixels = camera.project(flat)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = flat[:, :2] / flat[:, 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
    known = np.nan_to_num(pixels, nan=-1.0, posinf=1e6, neginf=-1e6)
    return known.reshape(*rays_camera.shape[:2], 2).astype(np.float32)


@dataclass(frozen=True)
class ConformalPicture:
    """The whole picture in a projection that keeps shapes: an object looks the same in every place, up to its size.

    A stereographic projection about the optical axis: a direction at the angle a from it lies 2 focal tan(a / 2) px
    from the middle. rgb (h, w, 3); middle: pixel (u, v) of the optical axis.
    """

    rgb: NDArray[np.uint8]
    focal: float
    middle: tuple[float, float]

    @classmethod
    def of(cls, picture: PicturePyramid, scale: float) -> ConformalPicture:
        """The picture with ``scale`` times the camera's focal length in its middle; its sides are multiples of 8."""
        focal = picture.camera.fx * scale
        rgb, source = picture.level(focal)
        places, middle = _conformal_places(picture.camera, scale, source)
        return cls(remapped(rgb, places), focal, middle)

    def directions(self, pixels: Array) -> tuple[Array, Array]:
        """Directions (..., 3) of length 1 of pixels (..., 2), and how much larger than in the middle things are there
        (...).
        """
        plane = (pixels - np.array(self.middle)) / self.focal
        quarter = np.sum(plane * plane, -1) / 4.0
        unit = np.concatenate([plane, (1.0 - quarter)[..., None]], -1) / (1.0 + quarter)[..., None]
        return unit, 1.0 + quarter


@lru_cache(maxsize=16)  # a camera's pictures at all sizes looked for: they are the same for every picture of it
def _conformal_places(
    camera: CameraModel, scale: float, source: CameraModel
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Pixels (h, w, 2) of the source, a smaller picture of the camera's, and where the optical axis lies."""
    focal = camera.fx * scale
    corners = np.array([[0.0, 0.0], [camera.width - 1.0, camera.height - 1.0]])
    plane = np.nan_to_num(camera.rays(corners)[:, :2])
    first, last = 2.0 * np.tan(np.arctan(plane) / 2.0)
    width, height = (int(np.ceil((b - a) * focal / 8.0)) * 8 for a, b in zip(first, last, strict=True))
    u, v = np.meshgrid(np.arange(width) / focal + first[0], np.arange(height) / focal + first[1])
    places = _places(source, np.stack([u, v, 1.0 - (u * u + v * v) / 4.0], 2))
    places.setflags(write=False)
    return places, (-first[0] * focal, -first[1] * focal)
