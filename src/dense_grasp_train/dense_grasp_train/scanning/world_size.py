"""How large the world of a structure from motion is: from a printed tag, a known length, or one depth picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_files import read_image
from numpy.typing import NDArray

from dense_grasp_train.scanning.structure_from_motion import Reconstruction
from dense_grasp_train.scanning.tags import family_of, grey, tags_in

Array = NDArray[np.float64]
_FEWEST_SIGHTS = 3
_LARGEST_SPREAD = 0.1


@dataclass(frozen=True)
class Size:
    """factor: metres of a unit of the world. how: a sentence on where it comes from, with its spread."""

    factor: float
    how: str


def size_from_tags(sfm: Reconstruction, edge: float) -> Size:
    """Size from the edge of the black square of printed tags, metres (AprilTag or ArUco, the family is found).

    The median over all tags that three pictures or more see. Raises ScanError when there are none, or they differ.
    """
    greys = [grey(picture.rgb) for picture in sfm.pictures]
    family = family_of(greys)
    sights: dict[tuple[int, int], list[tuple[int, Array]]] = {}
    for index, each in enumerate(greys):
        for number, corners in tags_in(each, family).items():
            for corner, pixel in enumerate(corners):
                sights.setdefault((number, corner), []).append((index, pixel))
    tags = {number for number, _ in sights if len(sights[number, 0]) >= _FEWEST_SIGHTS}
    if not tags:
        raise ScanError(
            f"no tag is seen in {_FEWEST_SIGHTS} pictures, expected AprilTag or ArUco tags of {1000 * edge:g} mm"
        )
    edges = []
    for number in sorted(tags):
        corners = np.array([triangulated(sfm, sights[number, corner]) for corner in range(4)])
        edges.append(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1))
    middle, spread = float(np.median(edges)), float(np.percentile(np.abs(edges / np.median(edges) - 1.0), 75))
    if not np.isfinite(middle) or middle <= 0 or spread > _LARGEST_SPREAD:
        raise ScanError(
            f"the edges of the tags differ by {spread:.0%}, expected one size: are tags of several sizes in sight, "
            "or did one move?"
        )
    return Size(
        edge / middle, f"{len(tags)} tags of {1000 * edge:g} mm ({family[5:]}), edges alike within {spread:.1%}"
    )


def size_from_length(sfm: Reconstruction, metres: float, ends: Sequence[tuple[str, Array]]) -> Size:
    """Size from the distance of two points, each clicked in two pictures or more.

    ends: picture and pixels (2, 2) of both points in it. Raises ScanError for pictures that are unknown or too few.
    """
    sights = [(sfm.index(name), pixels) for name, pixels in ends]
    if len({index for index, _ in sights}) < 2:
        raise ScanError(f"the length is clicked in {len(sights)} picture, expected two different ones")
    first, second = (triangulated(sfm, [(index, pixels[end]) for index, pixels in sights]) for end in range(2))
    length = float(np.linalg.norm(first - second))
    if not length > 1e-9:
        raise ScanError("both ends of the length lie in one place, expected two points")
    return Size(metres / length, f"a length of {1000 * metres:g} mm clicked in {len(sights)} pictures")


def size_from_depth(sfm: Reconstruction, name: str, file: Path, unit: float) -> Size:
    """Size from the depth picture of one of the pictures, aligned to it; ``unit`` metres of a depth value of 1.

    Raises ScanError that names the file, and where depth and points do not fit each other.
    """
    index = sfm.index(name)
    depth = read_image(file)
    if depth.ndim != 2 or depth.dtype != np.uint16:
        raise ScanError(f"{file} is {depth.dtype} {depth.shape}, expected 16 bit (H, W)")
    width, height = sfm.camera.width, sfm.camera.height
    depth = cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST)
    points = transform(sfm.camera_from_world[index], sfm.points[sfm.seen[index]])
    pixels, inside = sfm.camera.nearest_pixels(sfm.camera.project(points))
    metres = depth[pixels[inside, 1], pixels[inside, 0]] * unit
    ratios = (metres / points[inside, 2])[metres > 0]
    if len(ratios) < 20:
        raise ScanError(f"{file} has depth at {len(ratios)} points of picture {name}, expected 20 or more")
    factor = float(np.median(ratios))
    spread = float(np.median(np.abs(ratios / factor - 1.0)))
    if spread > _LARGEST_SPREAD:
        raise ScanError(
            f"{file} and the points of {name} differ by {spread:.0%}, expected one ratio: is the depth aligned to it?"
        )
    return Size(factor, f"depth of picture {name} at {len(ratios)} points, alike within {spread:.1%}")


def triangulated(sfm: Reconstruction, sights: Sequence[tuple[int, Array]]) -> Array:
    """The point (3,) of the world that is seen at pixels (2,) in pictures, by their numbers: least squares.

    Hartley and Zisserman, Multiple View Geometry, 12.2, then on the error in pixels.
    """
    rows = []
    for index, pixel in sights:
        ray, pose = sfm.camera.rays(pixel[None])[0], sfm.camera_from_world[index]
        rows += [ray[0] * pose[2] - pose[0], ray[1] * pose[2] - pose[1]]
    homogeneous = np.linalg.svd(np.array(rows))[2][-1]
    point = homogeneous[:3] / homogeneous[3]
    return _refined(sfm, sights, point)


def _refined(sfm: Reconstruction, sights: Sequence[tuple[int, Array]], point: Array) -> Array:
    from scipy.optimize import least_squares

    def errors(at: Array) -> Array:
        seen = [sfm.camera.project(transform(sfm.camera_from_world[i], at[None]))[0] - p for i, p in sights]
        return np.nan_to_num(np.concatenate(seen), nan=1e3)

    return np.asarray(least_squares(errors, point, loss="soft_l1").x)
