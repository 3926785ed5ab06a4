"""Pictures turned as a camera turns that is rolled: single clicks and scans of which the searched picture is turned."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from dense_grasp_core.object_model.scan import ScanView
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.tag_board import BLANK

Array = NDArray[np.float64]
_SEED = 0
_SIDES = 32  # px that the side of a turned picture is a multiple of


def angles(count: int) -> Array:
    """Angles (count,), radians, drawn uniformly from the whole circle; the first ones are the same for any count."""
    return np.random.default_rng(_SEED).uniform(0.0, 2.0 * np.pi, count)


def turned_picture(image: NDArray[np.uint8], angle: float) -> tuple[NDArray[np.uint8], Array]:
    """A picture (H, W, 3) turned about its middle by an angle, radians, whole, grey around it; and the motion (2, 3)
    that takes its pixels to those of the turned one. The turned one is a square of one size, whatever the angle: a
    graph is compiled for each size.
    """
    height, width = image.shape[:2]
    c, s = np.cos(angle), np.sin(angle)
    side = -(-int(np.ceil(np.hypot(width, height))) // _SIDES) * _SIDES
    rotation = np.array([[c, -s], [s, c]])
    middle, new_middle = (np.array([(w - 1) / 2.0, (h - 1) / 2.0]) for w, h in ((width, height), (side, side)))
    motion = np.concatenate([rotation, (new_middle - rotation @ middle)[:, None]], 1)
    turned = cv2.warpAffine(
        image, motion, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(BLANK,) * 3
    )
    return turned.astype(np.uint8), motion


def moved(motion: Array, pixels: Array) -> Array:
    """Pixels (n, 2) after a motion (2, 3)."""
    return np.asarray(pixels, float) @ motion[:, :2].T + motion[:, 2]


def turned_pair(pair: TestPair, angle: float) -> TestPair:
    """The pair with picture b turned by an angle, radians."""
    turned, motion = turned_picture(pair.image_b, angle)
    return replace(pair, image_b=turned, pixels_b=moved(motion, pair.pixels_b), mask_b=np.ones(turned.shape[:2], bool))


def turned_view(view: ScanView, angle: float) -> ScanView:
    """The view as its camera sees it when it is turned about the ray to the object by an angle, radians: the object
    stays where it is. What lies outside the real picture is grey.
    """
    camera, pixels = view.camera, view.surface_pixels()
    towards = camera.deproject(pixels, view.depth[pixels[:, 1], pixels[:, 0]]).mean(0)
    rotation = cv2.Rodrigues(angle * towards / np.linalg.norm(towards))[0]
    new_from_old = camera.matrix @ rotation @ np.linalg.inv(camera.matrix)
    size = (camera.width, camera.height)
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], 1))
    depth = view.depth * (rays @ rotation[2]).reshape(view.depth.shape)
    rgb = cv2.warpPerspective(view.rgb, new_from_old, size, flags=cv2.INTER_LINEAR, borderValue=(BLANK,) * 3)
    mask, depth = (
        cv2.warpPerspective(image, new_from_old, size, flags=cv2.INTER_NEAREST)
        for image in (view.mask.astype(np.uint8), depth)
    )
    motion = np.eye(4)
    motion[:3, :3] = rotation
    return replace(
        view,
        rgb=rgb.astype(np.uint8),
        mask=mask > 0,
        depth=np.asarray(depth, float),
        camera_from_object=motion @ view.pose,
    )
