"""One picture of a scan: what it shows of the object, small, and where it shows points of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.seen_points import pixel_in_view
from numpy.typing import NDArray

from dense_grasp_ui.pictures.encoding import PictureError, one_channel, picture_rgb, small_jpeg
from dense_grasp_ui.pictures.look import Point

#: What a small picture shows around the object, of its size.
MARGIN = 0.15
Pixel = tuple[float, float]
#: Left, top, width and height, px.
Crop = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class ScanPicture:
    """One view of a scan as it came, in files; they are decoded when somebody looks."""

    name: str
    image: bytes
    mask: bytes
    depth: bytes
    camera: CameraModel
    camera_from_object: NDArray[np.float64]

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The picture (H, W, 3). Raises PictureError."""
        return picture_rgb(self.image)

    @cached_property
    def crop(self) -> Crop:
        """The part that shows the object, in the picture's shape; all of it where the mask is empty. Raises
        PictureError.
        """
        v, u = np.nonzero(one_channel(self.mask))
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
        left, top, width, height = self.crop
        return small_jpeg(self.rgb[top : top + height, left : left + width])

    def pixel(self, point: Point) -> Pixel | None:
        """Where it shows a point of the object; None where it does not. Raises PictureError."""
        rgb, mask = self.rgb, one_channel(self.mask)
        depth = one_channel(self.depth).astype(float) / 1000.0 if self.depth else np.zeros(mask.shape)
        if not rgb.shape[:2] == mask.shape == depth.shape:
            raise PictureError(f"{self.name}: colour {rgb.shape[:2]}, mask {mask.shape}, depth {depth.shape} differ")
        view = ScanView(self.name, rgb, depth, mask > 0, self.camera, self.camera_from_object)
        return pixel_in_view(view, point)
