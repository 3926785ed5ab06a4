"""Test sets in the BOP layout, as downloaded: pairs of photographs whose matches follow from depth and pose.

    <root>/models*/models_info.json                   symmetries; optional
    <root>/<split>/<scene>/scene_camera.json, scene_gt.json[, scene_gt_info.json]
                          /rgb|gray/000000.png|jpg|tif, depth/000000.png, mask_visib/000000_000000.png

Sets with several sensors have their names in these (`bop_layout`). No manifest and no surface coordinates are needed,
so any BOP data set and what `generate` makes will do. Images are used as they are. See
https://github.com/thodan/bop_toolkit/blob/master/docs/bop_datasets_format.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.data.bop_layout import (
    UNKNOWN_SYMMETRIES,
    SceneFiles,
    scene_files,
    scene_numbers,
    symmetric_objects,
)
from dense_grasp_train.data.files import read_colour, read_image
from dense_grasp_train.data.pair_geometry import PairGeometry, depth_at_pixels, lift, project
from dense_grasp_train.evaluation.evaluation_sets import (
    LARGEST_CHANGE_DEG,
    MATCHES,
    SMALLEST_CHANGE_DEG,
    EvaluationError,
    TestPair,
)

DEPTH_TOLERANCE_M = 0.01
LEAST_VISIBLE = 0.3
_TRIES = 40


@dataclass(frozen=True)
class Annotation:
    """One object in one image.

    scene: its files. image, instance: their numbers. camera_from_object: (4, 4) metres. camera_matrix: (3, 3).
    depth_scale: millimetres of a depth value of 1.
    """

    scene: SceneFiles
    image: int
    instance: int
    object_id: int
    camera_from_object: NDArray
    camera_matrix: NDArray
    depth_scale: float

    @property
    def viewing_direction(self) -> NDArray:
        """Unit vector from the object's origin to the camera, object frame."""
        position = -self.camera_from_object[:3, :3].T @ self.camera_from_object[:3, 3]
        return position / np.linalg.norm(position)


class BopSet:
    """The annotations of a BOP split; images are read when a pair needs them."""

    def __init__(self, root: str | Path, split: str = "test", sensor: str | None = None) -> None:
        """Read poses and cameras of all scenes.

        sensor: whose pictures, of a set that has several. left_out: a sentence for each reason why instances are.

        Objects that models_info.json declares symmetric are left out: a point of theirs has several true pixels; so are
        instances less than 30 % visible. Raises EvaluationError for a folder without scenes or usable objects, and
        DatasetError that names a file that is missing or damaged.
        """
        self.root = Path(root)
        folder = self.root / split
        scenes = [scene_files(folder / f"{number:06d}", sensor) for number in scene_numbers(folder)]
        if not scenes:
            raise EvaluationError(
                f"{folder} holds no scene, expected the layout of BOP: {self.root}/<split>/000000/scene_gt.json"
            )
        self.symmetric, infos = symmetric_objects(self.root)
        read = [_read_scene(scene) for scene in scenes]
        visible = [annotation for found, _ in read for annotation in found]
        hidden = sum(fewer for _, fewer in read)
        self.annotations = [a for a in visible if a.object_id not in self.symmetric]
        self.left_out = [f"{hidden} instances are left out, less than {LEAST_VISIBLE:.0%} visible"] if hidden else []
        if len(self.annotations) < len(visible):
            count, names = len(visible) - len(self.annotations), ", ".join(map(str, sorted(self.symmetric)))
            self.left_out.append(f"{count} instances are left out, of symmetric objects ({names})")
        if not infos:
            self.left_out.append(UNKNOWN_SYMMETRIES.format(self.root))
        if not self.annotations:
            raise EvaluationError(
                f"{folder} has no usable object: all are symmetric ({sorted(self.symmetric)}) or less than "
                f"{LEAST_VISIBLE:.0%} visible"
            )

    def view_change(self, count: int, seed: int) -> Iterator[TestPair]:
        """Pairs of one object seen from 20..50 degrees apart, in turn over all objects; the same for the same seed.

        Raises EvaluationError when no two views of any object give enough matches.
        """
        objects = sorted({a.object_id for a in self.annotations})
        by_object = {i: [a for a in self.annotations if a.object_id == i] for i in objects}
        directions = {i: np.stack([a.viewing_direction for a in by_object[i]]) for i in objects}
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            for attempt in range(_TRIES):
                chosen = objects[(number + attempt) % len(objects)]
                pair = self._try(by_object[chosen], directions[chosen], rng)
                if pair is not None:
                    yield pair
                    break
            else:
                raise EvaluationError(
                    f"{self.root}: no two views {SMALLEST_CHANGE_DEG:.0f}..{LARGEST_CHANGE_DEG:.0f} degrees apart with "
                    f"{MATCHES} visible matches in {_TRIES} tries among {len(self.annotations)} views"
                )

    def _try(self, views: list[Annotation], directions: NDArray, rng: np.random.Generator) -> TestPair | None:
        a = int(rng.integers(len(views)))
        angle = np.rad2deg(np.arccos(np.clip(directions @ directions[a], -1, 1)))
        candidates = np.flatnonzero((angle >= SMALLEST_CHANGE_DEG) & (angle <= LARGEST_CHANGE_DEG))
        if not len(candidates):
            return None
        return pair_of(views[a], views[int(rng.choice(candidates))], rng)


def pair_of(a: Annotation, b: Annotation, rng: np.random.Generator) -> TestPair | None:
    """The test pair of two views; None when fewer than 256 drawn pixels of A are visible in B.

    A pixel of A's visible mask with depth is moved by the poses into B; it counts as visible where it lands on B's
    visible mask and the depth there agrees to 1 cm.
    """
    images, depths, masks = zip(*(_load(view) for view in (a, b)), strict=True)
    v, u = np.nonzero(np.isfinite(depths[0]))
    if len(u) < MATCHES:
        return None
    drawn = rng.permutation(len(u))
    pixels_a = np.stack([u[drawn], v[drawn]], 1).astype(np.float64)
    b_from_a = b.camera_from_object @ np.linalg.inv(a.camera_from_object)
    points = lift(a.camera_matrix, pixels_a, depth_at_pixels(depths[0], pixels_a))
    points = points @ b_from_a[:3, :3].T + b_from_a[:3, 3]
    pixels_b = project(b.camera_matrix, points)
    there = depth_at_pixels(depths[1], pixels_b)
    seen = np.flatnonzero(np.abs(there - points[:, 2]) < DEPTH_TOLERANCE_M)[:MATCHES]
    if len(seen) < MATCHES:
        return None
    geometry = PairGeometry(a.camera_matrix, b.camera_matrix, depths[0], depths[1], b_from_a)
    return TestPair(images[0], images[1], pixels_a[seen], pixels_b[seen], masks[1], geometry)


def _read_scene(files: SceneFiles) -> tuple[list[Annotation], int]:
    """Its annotations, and how many more are too little visible."""
    cameras, poses, infos = files.cameras, files.poses, files.infos
    found, hidden = [], 0
    for image, entries in sorted(poses.items(), key=lambda item: int(item[0])):
        for instance, entry in enumerate(entries):
            try:
                if infos and infos[image][instance]["visib_fract"] < LEAST_VISIBLE:
                    hidden += 1
                    continue
                found.append(_annotation(files, int(image), instance, entry, cameras[image]))
            except (KeyError, IndexError, ValueError, TypeError) as error:
                raise EvaluationError(
                    f"{files.folder}: image {image}, instance {instance} is not annotated as in BOP: {error!r}"
                ) from error
    return found, hidden


def _annotation(
    files: SceneFiles, image: int, instance: int, entry: dict[str, Any], camera: dict[str, Any]
) -> Annotation:
    pose = np.eye(4)
    pose[:3, :3] = np.array(entry["cam_R_m2c"], float).reshape(3, 3)
    pose[:3, 3] = np.array(entry["cam_t_m2c"], float) / 1000.0
    matrix = np.array(camera["cam_K"], float).reshape(3, 3)
    return Annotation(files, image, instance, int(entry["obj_id"]), pose, matrix, float(camera["depth_scale"]))


def _load(view: Annotation) -> tuple[NDArray, NDArray, NDArray]:
    """Image (H, W, 3) uint8 RGB, depth (H, W) float32 metres, NaN off the object, and its visible mask (H, W) bool."""
    rgb = read_colour(view.scene.colour(view.image))
    depth = read_image(view.scene.depth(view.image)).astype(np.float32) * (view.depth_scale / 1000.0)
    mask = read_image(view.scene.visible_mask(view.image, view.instance)) > 0
    if not rgb.shape[:2] == depth.shape == mask.shape:
        raise EvaluationError(
            f"{view.scene.folder} image {view.image}: colour {rgb.shape[:2]}, depth {depth.shape} and mask "
            f"{mask.shape} differ in size"
        )
    return rgb, np.where(mask & (depth > 0), depth, np.nan).astype(np.float32), mask
