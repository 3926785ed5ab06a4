"""Masks of an object from its points: GrabCut in each picture, made consistent by the shape that fits all of them.

Rother, Kolmogorov and Blake, GrabCut, SIGGRAPH 2004 (in OpenCV). It starts from the points that the pictures agree on,
and after a first hull from that; what the hull cannot explain in one picture (a shadow, a neighbour of the same colour)
is dropped there.
"""

from __future__ import annotations

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from numpy.typing import NDArray

from dense_grasp_train.scanning.structure_from_motion import Reconstruction
from dense_grasp_train.scanning.visual_hull import carved, depth_of_hull

Array = NDArray[np.float64]
_SIDE = 360  # of the picture that GrabCut works on, its longer side
_ROUNDS = 2
_GROWTH = 0.6  # of the box of the points, in which the object is looked for
_COARSE = 56  # voxels across, while only outlines are looked for
_STEPS = 4  # of GrabCut
_BACK, _FRONT, _MAYBE_BACK, _MAYBE_FRONT = cv2.GC_BGD, cv2.GC_FGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD


def box_of(points: Array, table: bool) -> tuple[Array, Array]:
    """The box, low (3,) and high (3,), in which the object with these points (n, 3) is looked for.

    table: the object stands on the plane z = 0.
    """
    low, high = np.percentile(points, [2, 98], axis=0)
    grown = _GROWTH * float(max((high - low).max(), high[2] if table else 0.0))
    return np.array([low[0] - grown, low[1] - grown, 0.0 if table else low[2] - grown]), high + grown


def found_masks(sfm: Reconstruction, own: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Masks (H, W) of the object with the points ``own`` in a scene whose table is z = 0.

    Raises ScanError when the outlines of the pictures have no shape in common.
    """
    small = sfm.camera.scaled(*[_SIDE / max(sfm.camera.width, sfm.camera.height)] * 2)
    shape = (small.width, small.height)
    pictures = [np.asarray(cv2.resize(p.rgb, shape, interpolation=cv2.INTER_AREA), np.uint8) for p in sfm.pictures]
    low, high = box_of(sfm.points[own], table=True)
    masks = [_grab(rgb, _from_points(sfm, small, index, own, low, high)) for index, rgb in enumerate(pictures)]
    for _ in range(_ROUNDS):
        hull = carved(masks, small, sfm.camera_from_world, low, high, across=_COARSE)
        shapes = [depth > 0 for depth in depth_of_hull(*hull, small, sfm.camera_from_world)]
        masks = [_grab(rgb, _from_shape(shape)) for rgb, shape in zip(pictures, shapes, strict=True)]
    size = (sfm.camera.width, sfm.camera.height)
    return [cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5 for mask in masks]


def _from_points(
    sfm: Reconstruction, camera: CameraModel, index: int, own: NDArray[np.int64], low: Array, high: Array
) -> NDArray[np.uint8]:
    """What is known of a picture before there is a shape: (h, w) of GrabCut's labels."""
    pose = sfm.camera_from_world[index]
    labels = np.full((camera.height, camera.width), _BACK, np.uint8)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    _fill(labels, camera.project(transform(pose, corners)), _MAYBE_BACK)
    _fill(labels, camera.project(transform(pose, sfm.points[own])), _MAYBE_FRONT)
    seen = sfm.seen[index]
    mine = np.isin(seen, own)
    for numbers, label in ((seen[~mine], _BACK), (seen[mine], _FRONT)):
        for u, v in np.nan_to_num(camera.project(transform(pose, sfm.points[numbers])), nan=-9.0):
            if 0 <= u < camera.width and 0 <= v < camera.height:
                cv2.circle(labels, (round(u), round(v)), 1, label, -1)
    return labels


def _from_shape(shape: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The same once there is a shape: certain but for a band around its outline."""
    whole = shape.astype(np.uint8)
    band = max(2, round(0.06 * float(np.sqrt(max(whole.sum(), 1)))))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    labels = np.full(shape.shape, _BACK, np.uint8)
    labels[cv2.dilate(whole, kernel) > 0] = _MAYBE_BACK
    labels[shape] = _MAYBE_FRONT
    labels[cv2.erode(whole, kernel) > 0] = _FRONT
    return labels


def _grab(rgb: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    front = (labels == _FRONT) | (labels == _MAYBE_FRONT)
    if not front.any() or front.all():
        return front
    cv2.setRNGSeed(0)
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    found = labels.copy()
    cv2.grabCut(bgr, found, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), _STEPS, cv2.GC_INIT_WITH_MASK)
    front = (found == _FRONT) | (found == _MAYBE_FRONT)
    opened = cv2.morphologyEx(front.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return opened > 0


def _fill(labels: NDArray[np.uint8], pixels: Array, label: int) -> None:
    """Fill the convex hull of pixels (n, 2)."""
    pixels = pixels[np.isfinite(pixels).all(1)]
    if len(pixels) >= 3:
        limited = np.clip(pixels, -4 * max(labels.shape), 4 * max(labels.shape))
        cv2.fillConvexPoly(labels, cv2.convexHull(np.rint(limited).astype(np.int32)), label)
