"""A scan from colour pictures alone: poses by structure from motion, size, masks and a surface from their outlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.scan_files import looks_inverted, mask_of, picture_named, pictures_of, read_image
from dense_grasp_core.wording import some_of
from numpy.typing import NDArray

from dense_grasp_train.scanning.colour_pictures import ColourPictures
from dense_grasp_train.scanning.object_on_table import Click, object_points, on_table, upright_by_cameras
from dense_grasp_train.scanning.outlines import box_of, found_masks
from dense_grasp_train.scanning.source import Source
from dense_grasp_train.scanning.structure_from_motion import Reconstruction
from dense_grasp_train.scanning.visual_hull import carved, depth_of_hull
from dense_grasp_train.scanning.world_size import Size

Array = NDArray[np.float64]
_OWN_POINT = 0.8  # of the pictures that see a point have it in their mask
_FEWEST_POINTS = 10
_LARGEST_MISFIT = 0.1  # of the object's size: of the points from the surface, their median


@dataclass(frozen=True)
class ColourScanSettings:
    """What the user says about colour pictures: which object, where masks of it are, and how the size is found."""

    size: Callable[[Reconstruction], Size]
    click: Click | None = None
    masks: Path | None = None


def source_of(sfm: Reconstruction, settings: ColourScanSettings, pictures: ColourPictures) -> Source:
    """The views of the object in pictures whose poses are known. Raises ScanError with what is missing."""
    size = settings.size(sfm)
    sfm = sfm.scaled(size.factor)
    if settings.masks is None:
        sfm = on_table(sfm)
        own = object_points(sfm, settings.click)
        masks, table = found_masks(sfm, own), True
    else:
        masks = _given_masks(sfm, settings.masks)
        own = _points_in_masks(sfm, masks)
        sfm, table = _settled(sfm, own)
    box = box_of(sfm.points[own], table)
    hull = carved(masks, sfm.camera, sfm.camera_from_world, *box)
    off = _misfit(sfm, own, hull[0])
    depths = depth_of_hull(*hull, sfm.camera, sfm.camera_from_world)
    low, high = hull[0].min(0), hull[0].max(0)
    extent = float(np.linalg.norm(high - low))
    if off > _LARGEST_MISFIT * extent:
        raise ScanError(
            f"the shape of the outlines lies {1000 * off:.0f} mm from the points that the pictures agree on, expected "
            f"{1000 * _LARGEST_MISFIT * extent:.0f} mm or less: look at the masks, or give better ones with --masks"
        )
    origin = np.array([*(low[:2] + high[:2]) / 2, 0.0 if table else low[2]])
    views = [
        ScanView(picture.name, picture.rgb, np.where(mask, depth, 0.0), mask, sfm.camera, _shifted(pose, origin))
        for picture, pose, depth, mask in zip(
            sfm.pictures, sfm.camera_from_world, depths, map(_seen, depths, masks), strict=True
        )
    ]
    kept = [view for view in views if view.mask.sum() > 0]
    notes = {
        "poses": f"structure from motion, {len(sfm.pictures)} of {len(pictures.pictures)} pictures",
        "left_out": list(sfm.left_out),
        "size": size.how,
        "masks": "found" if settings.masks is None else "given",
        "surface": f"hull of the outlines, {1000 * off:.1f} mm from {len(own)} points of the object (median)",
    }
    unused = _unused(sfm, settings, [picture.name for picture in pictures.pictures], [view.name for view in kept])
    return Source(kept, notes, pictures.lossy, unused)


def _unused(sfm: Reconstruction, settings: ColourScanSettings, names: list[str], kept: list[str]) -> list[str]:
    """A sentence each for the pictures, and for the masks given, that the scan does without."""
    no_pose = [name for name in names if name in set(sfm.left_out)]
    no_object = [picture.name for picture in sfm.pictures if picture.name not in set(kept)]
    masks = [] if settings.masks is None else sorted(set(pictures_of(settings.masks)) - set(names))
    sentences = (
        (no_pose, "pictures are left out, no pose fits them"),
        (no_object, "pictures are left out, the object is not seen in them"),
        (masks, f"masks in {settings.masks} are left out, no picture has their name"),
    )
    return [f"{len(found)} {what}: {some_of(found)}" for found, what in sentences if found]


def _shifted(pose: Array, origin: Array) -> Array:
    moved = pose.copy()
    moved[:3, 3] += pose[:3, :3] @ origin
    return moved


def _seen(depth: Array, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the hull is and nothing hides it: holes of the picture's own mask are closed, what it lacks is hidden."""
    shape = depth > 0
    side = float(np.sqrt(max(shape.sum(), 1)))
    hole, rim = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        for reach in (max(2, round(0.08 * side)), max(1, round(0.015 * side)))
    )
    return shape & (cv2.dilate(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, hole), rim) > 0)


def _given_masks(sfm: Reconstruction, folder: Path) -> list[NDArray[np.bool_]]:
    files = pictures_of(folder)
    masks = []
    size = (sfm.camera.width, sfm.camera.height)
    for picture in sfm.pictures:
        path = picture_named(files, folder, picture.name)
        mask = mask_of(path, read_image(path))
        if looks_inverted(mask):
            raise ScanError(f"{path} looks inverted: it covers the border of the picture, expected not 0 on the object")
        if abs(mask.shape[1] / mask.shape[0] - size[0] / size[1]) > 0.01:
            raise ScanError(f"{path} has {mask.shape[1]}x{mask.shape[0]} px, expected the sides of the picture")
        masks.append(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)
    return masks


def _points_in_masks(sfm: Reconstruction, masks: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
    looks, inside = np.zeros(len(sfm.points), int), np.zeros(len(sfm.points), int)
    for mask, pose, seen in zip(masks, sfm.camera_from_world, sfm.seen, strict=True):
        pixels, within = sfm.camera.nearest_pixels(sfm.camera.project(transform(pose, sfm.points[seen])))
        np.add.at(looks, seen[within], 1)
        np.add.at(inside, seen[within], mask[pixels[within, 1], pixels[within, 0]])
    own = np.nonzero((looks >= 2) & (inside >= _OWN_POINT * looks))[0]
    if len(own) < _FEWEST_POINTS:
        raise ScanError(
            f"{len(own)} points lie in the masks, expected {_FEWEST_POINTS} or more: do they show the object "
            "in the pictures of the same names?"
        )
    return own


def _settled(sfm: Reconstruction, own: NDArray[np.int64]) -> tuple[Reconstruction, bool]:
    """The scene upright, and whether the object stands on its plane z = 0."""
    try:
        settled = on_table(sfm)
    except ScanError:
        return upright_by_cameras(sfm), False
    heights = settled.points[own, 2]
    size = float(np.linalg.norm(np.ptp(np.percentile(settled.points[own], [2, 98], axis=0), axis=0)))
    stands = bool(np.percentile(heights, 2) > -0.1 * size and np.percentile(heights, 2) < 0.5 * size)
    return settled, stands


def _misfit(sfm: Reconstruction, own: NDArray[np.int64], vertices: Array) -> float:
    """Median distance of the object's points from the hull's surface, metres."""
    from scipy.spatial import cKDTree

    return float(np.median(cKDTree(vertices).query(sfm.points[own])[0]))
