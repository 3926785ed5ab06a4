"""The pose of a scanned object in one colour picture: first poses of its templates, refined on its bank of views.

Refinement looks at the object with a virtual camera that the assumed pose turns, rolls and sizes as the nearest view of
the bank; matches of that view's cells and its neighbours' near where the pose expects them give the next pose (SQPnP in
RANSAC; with depth, least squares of both). Where a sensor's depth is known, it says which sizes are possible and
settles the distance. The poses that remain are judged by the share of matches that agree with them, and by how much
alike picture and nearest view are, measured by what views of the scan have in common at the same angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.pose_refinement import PoseLook, expected_similarity
from dense_grasp_core.object_model.seen_colours import ColourVerdict, ScanColours
from dense_grasp_core.object_model.sensed_depth import DepthVerdict, SensedDepth
from dense_grasp_core.object_model.template_search import Taken, Templates, TemplateScores
from dense_grasp_core.object_model.view_bank import COARSE, Describe, ViewBank

Array = NDArray[np.float64]
_FARTHEST_VIEW = np.radians(60.0)  # from the nearest one of the scan; what lies beyond was never seen
_SAME_TURN = np.radians(15.0)
_ANOTHER_PLACE = 0.4  # of the radius, between the middles of two instances
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
    similarity of picture and views, over that of views of the scan at the same angle, less what depth contradicts;
    supporting: matches that agree with the pose, share: of those that were asked; view_angle: radians to the nearest
    view of the scan; covariance (6, 6): of the object's origin (m), then of a rotation vector (rad), both about the
    camera's axes; depth: what measured depth says of it, None without; colours: what the picture's colours say, None
    where nothing looked at them; alternative: camera_from_object (4, 4) of another pose that explains the picture
    equally well.
    """

    camera_from_object: Array
    score: float
    supporting: int
    share: float
    view_angle: float
    covariance: Array = field(default_factory=lambda: np.full((6, 6), np.nan), repr=False)
    depth: DepthVerdict | None = None
    colours: ColourVerdict | None = None
    alternative: Array | None = None


@dataclass(frozen=True)
class PoseFinder:
    """Finds one object. bank: its views; describe: the bank's network, for pictures of several sizes."""

    bank: ViewBank
    describe: Describe
    search: PoseSearch = field(default_factory=PoseSearch)
    templates: Templates = field(init=False, repr=False)
    expected: tuple[float, float] = field(init=False, repr=False)
    colours: ScanColours = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "templates", Templates.of(self.bank))
        object.__setattr__(self, "expected", expected_similarity(self.bank))
        object.__setattr__(self, "colours", ScanColours(self.bank))

    def __call__(
        self, rgb: NDArray[np.uint8], camera: CameraModel, depth: NDArray[np.floating] | None = None
    ) -> list[ObjectPose]:
        """Poses of one instance in an RGB picture (H, W, 3), the best explained one first, whatever its score; empty
        where nothing is like the object. depth (H, W): metres of a sensor, aligned to the picture, 0 or NaN unknown.
        """
        return self.search_in(rgb, camera, depth).poses()

    def search_in(
        self, rgb: NDArray[np.uint8], camera: CameraModel, depth: NDArray[np.floating] | None = None
    ) -> PictureSearch:
        """The search of one picture, for several instances one after the other. Raises PoseError for a picture or
        depth of another size than the camera's.
        """
        expected = (camera.height, camera.width)
        for name, image in (("picture", rgb), ("depth", depth)):
            if image is not None and image.shape[:2] != expected:
                raise PoseError(
                    f"{name} has {image.shape[1]}x{image.shape[0]} px, expected {camera.width}x{camera.height} of its "
                    "camera"
                )
        sensed = None if depth is None else SensedDepth(depth, camera)
        picture = PicturePyramid(rgb, camera)
        scales = _scales(self.bank, camera, self.search)
        scores = TemplateScores(self.bank, self.templates, picture, self.describe, scales, sensed)
        return PictureSearch(self, picture, scores, sensed)


@dataclass(frozen=True)
class PictureSearch:
    """One picture in which an object is looked for."""

    finder: PoseFinder
    picture: PicturePyramid
    scores: TemplateScores
    depth: SensedDepth | None

    def poses(self, taken: Sequence[Array] = ()) -> list[ObjectPose]:
        """Poses of one instance, best explained first; taken: camera_from_object (4, 4) of those found already."""
        search, bank = self.finder.search, self.finder.bank
        first = [
            pose.camera_from_object for pose in self.scores.poses(search.hypotheses, [_taken(bank, t) for t in taken])
        ]
        if self.depth is not None:
            first = [self.depth.settled(bank, pose) for pose in first]
        refined = self._elsewhere([self._refined(pose, search.reaches) for pose in first], taken)
        twins = [twin for pose in refined[: search.twins_of] for twin in twins_of(bank, pose.camera_from_object)]
        refined = self._elsewhere(refined + [self._refined(twin, search.reaches) for twin in twins], taken)
        finalists = [pose.camera_from_object for pose in refined[: search.finalists]]
        last = self._elsewhere([self._refined(pose, search.final_reaches) for pose in finalists], taken)
        distinct: list[ObjectPose] = []
        for pose in last:
            if all(_differ(bank, pose.camera_from_object, other.camera_from_object) for other in distinct):
                colours = self.finder.colours.verdict(self.picture, pose.camera_from_object)
                distinct.append(replace(pose, colours=colours))
        return distinct

    def _elsewhere(self, poses: list[ObjectPose], taken: Sequence[Array]) -> list[ObjectPose]:
        """Best first, without those that lie where another instance does."""
        bank = self.finder.bank
        free = [
            pose
            for pose in poses
            if all(distance(bank, pose.camera_from_object, other) > _ANOTHER_PLACE * bank.radius for other in taken)
        ]
        return sorted(free, key=lambda pose: -pose.score)

    def _refined(self, pose: Array, reaches: Sequence[float]) -> ObjectPose:
        """The pose after a pass for each reach; its score is that of the look before the last pass."""
        bank, search = self.finder.bank, self.finder.search
        angle, alike, step = np.inf, 0.0, None
        for last, reach in enumerate(reaches, 1 - len(reaches)):
            seen = PoseLook.at(bank, self.finder.describe, self.picture, pose)
            step = seen.step(reach, search.neighbours, search.neighbour_angle, search.seed, self.depth)
            if step is None:
                return ObjectPose(pose, 0.0, 0, 0.0, angle)
            pose = step.camera_from_object
            if last == 0:
                similarity, angle = seen.similarity()
                constant, slope = self.finder.expected
                alike = max(0.0, similarity) / max(_LEAST_EXPECTED, constant + slope * angle)
        if step is None:
            return ObjectPose(pose, 0.0, 0, 0.0, angle)
        verdict = None if self.depth is None else self.depth.verdict(bank, pose)
        possible = 1.0 - verdict.farther if verdict is not None and verdict.is_telling else 1.0
        score = alike * step.share * possible if angle < _FARTHEST_VIEW else 0.0
        return ObjectPose(pose, score, step.supporting, step.share, angle, step.covariance, verdict)


def twins_of(bank: ViewBank, pose: Array) -> list[Array]:
    """The pose with the object turned by half a circle about each of its three axes: front to back, upside down.

    Many things have nearly the same outline then, and only their faces tell which pose it is.
    """
    found = []
    axes = np.linalg.svd(bank.surface - bank.surface.mean(0), full_matrices=False)[2]
    for axis in axes:
        twin = pose.copy()
        twin[:3, :3] = pose[:3, :3] @ (2.0 * np.outer(axis, axis) - np.eye(3))
        twin[:3, 3] += (pose[:3, :3] - twin[:3, :3]) @ bank.centre
        found.append(twin)
    return found


def distance(bank: ViewBank, a: Array, b: Array) -> float:
    """Metres between the middles of two poses (4, 4) of the object."""
    return float(np.linalg.norm(transform(a, bank.centre) - transform(b, bank.centre)))


def _differ(bank: ViewBank, a: Array, b: Array) -> bool:
    cosine = (np.sum(a[:3, :3] * b[:3, :3]) - 1.0) / 2.0
    return bool(cosine < np.cos(_SAME_TURN) or distance(bank, a, b) > _ANOTHER_PLACE * bank.radius)


def _taken(bank: ViewBank, pose: Array) -> Taken:
    centre = transform(pose, bank.centre)
    away = float(np.linalg.norm(centre))
    return Taken(centre / away, float(np.cos(np.arctan2(_ANOTHER_PLACE * bank.radius, away))))


def _scales(bank: ViewBank, camera: CameraModel, search: PoseSearch) -> list[float]:
    """Scales of the whole picture at which an object of the sizes looked for fits the templates, largest first."""
    smallest, largest = (COARSE.radius / (share * camera.height) for share in search.sizes)
    count = max(1, round(np.log(smallest / largest) / np.log(search.size_step)) + 1)
    return [float(scale) for scale in np.geomspace(smallest, largest, count)]
