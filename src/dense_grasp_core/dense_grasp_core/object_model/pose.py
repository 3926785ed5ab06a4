"""The pose of a scanned object in one colour picture: first poses of its templates, refined on its bank of views.

Refinement looks at the object with a virtual camera that the assumed pose turns, rolls and sizes as the nearest view of
the bank; matches of that view's cells and its neighbours' near where the pose expects them give the next pose (SQPnP in
RANSAC, Terzakis and Lourakis 2020). The poses that remain are judged by the share of matches that agree with them, and
by how much alike picture and nearest view are, measured by what views of the scan have in common at the same angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.pose_refinement import PoseLook, expected_similarity
from dense_grasp_core.object_model.template_search import Templates, first_poses
from dense_grasp_core.object_model.view_bank import COARSE, Describe, ViewBank

Array = NDArray[np.float64]
_FARTHEST_VIEW = np.radians(60.0)  # from the nearest one of the scan; what lies beyond was never seen
_LEAST_EXPECTED = 0.5  # similarity; beyond the angles of the scan's own neighbours the line means nothing


class PoseError(DenseGraspError):
    """A picture or a search that cannot be used."""


@dataclass(frozen=True)
class PoseSearch:
    """How hard to look.

    sizes: radii of the object's sphere to look for, as shares of the picture's height: smallest, largest.
    hypotheses: first poses that are refined; twins_of: how many of them are also tried turned round. reaches: distance,
    in cells, from where a pose expects a point within which its match is looked for, one pass each. finalists: poses
    that go through the last ``final_reaches``. neighbours: views that matches come from, within neighbour_angle
    (radians) of the look. seed: of RANSAC's samples.
    """

    sizes: tuple[float, float] = (0.083, 0.33)
    size_step: float = 1.3
    hypotheses: int = 8
    twins_of: int = 2
    reaches: tuple[float, ...] = (5.0, 4.0)
    finalists: int = 3
    final_reaches: tuple[float, ...] = (3.0, 2.0)
    neighbours: int = 4
    neighbour_angle: float = float(np.radians(30.0))
    seed: int = 0


@dataclass(frozen=True)
class ObjectPose:
    """camera_from_object (4, 4); score: how well it explains the picture, 0..1 or a little more: the share times the
    similarity of picture and views, over that of views of the scan at the same angle; supporting: matches that agree
    with the pose, share: of those that were asked; view_angle: radians to the nearest view of the scan.
    """

    camera_from_object: Array
    score: float
    supporting: int
    share: float
    view_angle: float


@dataclass(frozen=True)
class PoseFinder:
    """Finds one object. bank: its views; describe: the bank's network, for pictures of several sizes."""

    bank: ViewBank
    describe: Describe
    search: PoseSearch = field(default_factory=PoseSearch)
    templates: Templates = field(init=False, repr=False)
    expected: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "templates", Templates.of(self.bank))
        object.__setattr__(self, "expected", expected_similarity(self.bank))

    def __call__(self, rgb: NDArray[np.uint8], camera: CameraModel) -> list[ObjectPose]:
        """Poses in an RGB picture (H, W, 3), the best explained one first; empty where nothing is like the object."""
        if rgb.shape[:2] != (camera.height, camera.width):
            raise PoseError(
                f"picture has {rgb.shape[1]}x{rgb.shape[0]} px, expected {camera.width}x{camera.height} of its camera"
            )
        picture, search = PicturePyramid(rgb, camera), self.search
        scales = _scales(self.bank, camera, search)
        first = first_poses(self.bank, self.templates, picture, self.describe, scales, search.hypotheses)
        refined = [self._refined(picture, pose.camera_from_object, search.reaches) for pose in first]
        refined.sort(key=lambda pose: -pose.score)
        refined += [
            self._refined(picture, twin, search.reaches)
            for pose in refined[: search.twins_of]
            for twin in self._twins(pose.camera_from_object)
        ]
        refined.sort(key=lambda pose: -pose.score)
        last = [
            self._refined(picture, pose.camera_from_object, search.final_reaches)
            for pose in refined[: search.finalists]
        ]
        return sorted(last, key=lambda pose: -pose.score)

    def _twins(self, pose: Array) -> list[Array]:
        """The pose with the object turned by half a circle about each of its three axes: front to back, upside down.

        Many things have nearly the same outline then, and only their faces tell which pose it is.
        """
        bank, found = self.bank, []
        axes = np.linalg.svd(bank.surface - bank.surface.mean(0), full_matrices=False)[2]
        for axis in axes:
            twin = pose.copy()
            twin[:3, :3] = pose[:3, :3] @ (2.0 * np.outer(axis, axis) - np.eye(3))
            twin[:3, 3] += (pose[:3, :3] - twin[:3, :3]) @ bank.centre
            found.append(twin)
        return found

    def _refined(self, picture: PicturePyramid, pose: Array, reaches: Sequence[float]) -> ObjectPose:
        """The pose after a pass for each reach; its score is that of the look before the last pass."""
        supporting, share, alike, angle = 0, 0.0, 0.0, np.inf
        for last, reach in enumerate(reaches, 1 - len(reaches)):
            look = PoseLook.at(self.bank, self.describe, picture, pose)
            step = look.step(reach, self.search.neighbours, self.search.neighbour_angle, self.search.seed)
            if step is None:
                return ObjectPose(pose, 0.0, 0, 0.0, angle)
            pose, supporting, share = step
            if last == 0:
                similarity, angle = look.similarity()
                constant, slope = self.expected
                alike = max(0.0, similarity) / max(_LEAST_EXPECTED, constant + slope * angle)
        return ObjectPose(pose, alike * share if angle < _FARTHEST_VIEW else 0.0, supporting, share, angle)


def _scales(bank: ViewBank, camera: CameraModel, search: PoseSearch) -> list[float]:
    """Scales of the whole picture at which an object of the sizes looked for fits the templates, largest first."""
    smallest, largest = (COARSE.radius / (share * camera.height) for share in search.sizes)
    count = max(1, round(np.log(smallest / largest) / np.log(search.size_step)) + 1)
    return [float(scale) for scale in np.geomspace(smallest, largest, count)]
