"""The pose of a scanned object in one colour picture: first poses of its templates, refined on its bank of views.

Refinement looks at the object with a virtual camera that the assumed pose turns, rolls and sizes as the nearest view of
the bank; matches of that view's cells and its neighbours' near where the pose expects them give the next pose (RANSAC;
with depth, least squares of both). Poses in one place share such a picture, since the bank has every roll. Where a
sensor's depth is known, it says which sizes are possible and settles the distance. The poses that remain are judged by
the share of matches that agree with them, and by how much alike picture and nearest view are, measured by what views of
the scan have in common at the same angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.other_turns import LaidView, laid_views, other_turns, twins_of
from dense_grasp_core.object_model.pose_refinement import (
    CLOSE,
    LOOSE,
    Looks,
    PoseLook,
    PoseStep,
    Tolerance,
    expected_similarity,
)
from dense_grasp_core.object_model.seen_colours import ColourVerdict, ScanColours
from dense_grasp_core.object_model.sensed_depth import DepthVerdict, SensedDepth
from dense_grasp_core.object_model.symmetry import Symmetry
from dense_grasp_core.object_model.template_search import Taken, Templates, TemplateScores
from dense_grasp_core.object_model.view_bank import COARSE, Describe, ViewBank

Array = NDArray[np.float64]
_FARTHEST_VIEW = np.radians(60.0)  # from the nearest one of the scan; what lies beyond was hardly seen
_FARTHEST_PROVEN = np.radians(75.0)  # the same, where the pose is proven
_PROVEN = (0.5, 0.9)  # least share of matches that agree, and of the known depth
_SAME_TURN = np.radians(15.0)
_THE_SAME = (float(np.radians(8.0)), 0.15)  # turn, radians, and place, of the radius, of poses that lead to one another
_ANOTHER_PLACE = 0.4  # of the radius, between the middles of two instances
_CONTRADICTED = 0.1  # share of the known depth behind a pose, by each of which it has e times less evidence
_LEAST_EXPECTED = 0.5  # similarity; beyond the angles of the scan's own neighbours the line means nothing


class PoseError(DenseGraspError):
    """A picture or a search that cannot be used."""


@dataclass(frozen=True)
class PoseSearch:
    """How hard to look.

    sizes: radii of the object's sphere to look for, as shares of the picture's height: smallest, largest.
    hypotheses: first poses that are tried, at_once of them before the best one's score is looked at: when it is clear,
    the others are left. reaches: distance, in cells, from where a pose expects a point within which its match is looked
    for, one pass each, with first_points of the points; going_on: poses that go from one of these passes to the next.
    twins_of: how many of the best, if their score is hopeful, are also tried turned round. finalists: poses that go
    through the passes of final_reaches with all points. turns: other turns that are tried in the place where the object
    was found, turns_left: that go through the last passes. neighbours: views that matches come from, within
    neighbour_angle (radians) of the look. seed: of RANSAC's samples.

    The scores of clear and hopeful are those of the first passes, a third lower than the last ones. They and
    the counts were chosen on the moved bottle and the eight things of docs/benchmarks.md, all of their pictures.
    """

    sizes: tuple[float, float] = (0.083, 0.33)
    size_step: float = 1.3
    hypotheses: int = 10
    at_once: int = 5
    clear: float = 0.6
    reaches: tuple[float, ...] = (5.0, 4.0)
    first_points: int = 320
    going_on: int = 5
    twins_of: int = 2
    hopeful: float = 0.08
    finalists: int = 3
    final_reaches: tuple[float, ...] = (3.0, 2.0)
    turns: int = 12
    turns_left: int = 6
    neighbours: int = 4
    neighbour_angle: float = float(np.radians(30.0))
    seed: int = 0


@dataclass(frozen=True)
class ObjectPose:
    """camera_from_object (4, 4); score: how well it explains the picture, 0..1 or a little more: the share times the
    similarity of picture and views, over that of views of the scan at the same angle, less what depth contradicts;
    supporting: matches that agree with the pose, share: of those that were asked; view_angle: radians to the nearest
    picture of the scan; covariance (6, 6): of the object's origin (m), then of a rotation vector (rad), both about the
    camera's axes; depth: what measured depth says of it, None without; colours: what the picture's colours say, None
    where nothing looked at them; alternatives: camera_from_object (4, 4) of other poses in the same place that explain
    the picture nearly as well, so that nobody knows which one is right; equals: such ones after which the scan looks
    the same, so that nobody needs to know.
    """

    camera_from_object: Array
    score: float
    supporting: int
    share: float
    view_angle: float
    covariance: Array = field(default_factory=lambda: np.full((6, 6), np.nan), repr=False)
    depth: DepthVerdict | None = None
    colours: ColourVerdict | None = None
    alternatives: tuple[Array, ...] = ()
    equals: tuple[Array, ...] = ()

    def evidence(self, excused: float = 0.0) -> float:
        """The score, by which poses of one place are told apart: depth behind the surface of a pose weighs more in it,
        as far as it is more than an excused share.

        Where the sensor sees past what should be there, as through the handle of a mug that is turned the other way,
        few points say more than the likeness of all others.
        """
        farther = self.depth.farther if self.depth is not None and self.depth.is_telling else 0.0
        return float(self.score * np.exp(-max(0.0, farther - excused) / _CONTRADICTED))


@dataclass(frozen=True)
class PoseFinder:
    """Finds one object. bank: its views; describe: the bank's network, for pictures of several sizes."""

    bank: ViewBank
    describe: Describe
    search: PoseSearch = field(default_factory=PoseSearch)
    templates: Templates = field(init=False, repr=False)
    expected: tuple[float, float] = field(init=False, repr=False)
    colours: ScanColours = field(init=False, repr=False)
    symmetry: Symmetry = field(init=False, repr=False)
    laid_views: list[LaidView] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "templates", Templates.of(self.bank))
        object.__setattr__(self, "expected", expected_similarity(self.bank))
        object.__setattr__(self, "colours", ScanColours(self.bank))
        object.__setattr__(self, "symmetry", Symmetry(self.bank, self.templates.basis))
        object.__setattr__(self, "laid_views", laid_views(self.bank, self.templates.basis))

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
        return PictureSearch(self, picture, scores, Looks(self.bank, self.describe, picture), sensed)


@dataclass(frozen=True)
class PictureSearch:
    """One picture in which an object is looked for."""

    finder: PoseFinder
    picture: PicturePyramid
    scores: TemplateScores
    looks: Looks
    depth: SensedDepth | None

    def poses(self, taken: Sequence[Array] = ()) -> list[ObjectPose]:
        """Poses of one instance, best explained first; taken: camera_from_object (4, 4) of those found already."""
        search, bank = self.finder.search, self.finder.bank
        first = [
            pose.camera_from_object for pose in self.scores.poses(search.hypotheses, [_taken(bank, t) for t in taken])
        ]
        if self.depth is not None:
            first = [self.depth.settled(bank, pose) for pose in first]
        refined: list[ObjectPose] = []
        for start in range(0, len(first), search.at_once):
            refined = self._elsewhere(refined + self._brought_nearer(first[start : start + search.at_once]), taken)
            if refined and refined[0].score >= search.clear:
                break
        hopeful = [pose for pose in refined[: search.twins_of] if pose.score >= search.hopeful]
        twins = [twin for pose in hopeful for twin in twins_of(bank, pose.camera_from_object)]
        refined = self._elsewhere(refined + self._brought_nearer(twins), taken)
        last = self.distinct(refined, _THE_SAME)[: search.finalists]
        for reach in search.final_reaches:
            last = self._passed([pose.camera_from_object for pose in last], reach, CLOSE)
        return self._with_colours(self.distinct(self._elsewhere(last, taken)))

    def turned(self, pose: ObjectPose, taken: Sequence[Array] = ()) -> list[ObjectPose]:
        """Poses of the object in the same place, turned otherwise, best explained first: all views are tried there."""
        search, bank = self.finder.search, self.finder.bank
        look = self.looks.at(pose.camera_from_object, CLOSE)
        turns = other_turns(look, self.finder.laid_views, self.finder.templates.basis, search.turns)
        if self.depth is not None:
            turns = [self.depth.settled(bank, turn) for turn in turns]
        for reach in search.reaches:
            refined = self._elsewhere(self._passed(turns, reach, LOOSE, search.first_points), taken)
            turns = [each.camera_from_object for each in self.distinct(refined, _THE_SAME)]
        for reach in search.final_reaches:
            refined = self._passed(turns[: search.turns_left], reach, CLOSE)
            turns = [each.camera_from_object for each in refined]
        return self._with_colours(self.distinct(self._elsewhere(refined, taken)))

    def _with_colours(self, poses: Sequence[ObjectPose]) -> list[ObjectPose]:
        colours = self.finder.colours
        return [replace(pose, colours=colours.verdict(self.picture, pose.camera_from_object)) for pose in poses]

    def distinct(
        self, poses: Sequence[ObjectPose], apart: tuple[float, float] = (_SAME_TURN, _ANOTHER_PLACE)
    ) -> list[ObjectPose]:
        """Those that differ from all before them by more than a turn, radians, or a place, of the radius."""
        bank = self.finder.bank
        distinct: list[ObjectPose] = []
        for pose in poses:
            others = (other.camera_from_object for other in distinct)
            if all(_differ(bank, pose.camera_from_object, other, *apart) for other in others):
                distinct.append(pose)
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

    def _brought_nearer(self, poses: Sequence[Array]) -> list[ObjectPose]:
        """The best poses after the first passes; of those that the first pass leads to the same place, one goes on."""
        search = self.finder.search
        passed = self._passed(poses, search.reaches[0], LOOSE, search.first_points)
        for reach in search.reaches[1:]:
            best = sorted(passed, key=lambda pose: -pose.score)
            going_on = [pose.camera_from_object for pose in self.distinct(best, _THE_SAME)[: search.going_on]]
            passed = self._passed(going_on, reach, LOOSE, search.first_points)
        return passed

    def _passed(
        self, poses: Sequence[Array], reach: float, tolerance: Tolerance, most: int | None = None
    ) -> list[ObjectPose]:
        """The poses after one pass, without those that found no match; each one's score is that of its look."""
        search = self.finder.search

        def step(look: PoseLook) -> PoseStep | None:
            return look.step(reach, search.neighbours, search.neighbour_angle, search.seed, self.depth, most)

        # One pose's matches are looked for while the network describes the look at the next one.
        with ThreadPoolExecutor(1) as helper:
            steps = [helper.submit(step, self.looks.at(pose, tolerance)) for pose in poses]
            return [self._judged(done) for later in steps if (done := later.result()) is not None]

    def _judged(self, step: PoseStep) -> ObjectPose:
        pose, angle = step.camera_from_object, step.view_angle
        constant, slope = self.finder.expected
        alike = max(0.0, step.similarity) / max(_LEAST_EXPECTED, constant + slope * angle)
        verdict = None if self.depth is None else self.depth.verdict(self.finder.bank, pose)
        possible = 1.0 - verdict.farther if verdict is not None and verdict.is_telling else 1.0
        is_seen = angle < _FARTHEST_VIEW or (angle < _FARTHEST_PROVEN and _is_proven(step.share, verdict))
        score = alike * step.share * possible if is_seen else 0.0
        return ObjectPose(pose, score, step.supporting, step.share, angle, step.covariance, verdict)


def _is_proven(share: float, verdict: DepthVerdict | None) -> bool:
    """Whether matches and measured depth agree so well that the side may be one that the scan saw aslant alone."""
    least_share, least_depth = _PROVEN
    return share >= least_share and verdict is not None and verdict.is_telling and verdict.agree >= least_depth


def distance(bank: ViewBank, a: Array, b: Array) -> float:
    """Metres between the middles of two poses (4, 4) of the object."""
    return float(np.linalg.norm(transform(a, bank.centre) - transform(b, bank.centre)))


def _differ(bank: ViewBank, a: Array, b: Array, turn: float = _SAME_TURN, place: float = _ANOTHER_PLACE) -> bool:
    """Whether two poses (4, 4) differ by more than a turn, radians, or by more than a place, of the radius."""
    cosine = (np.sum(a[:3, :3] * b[:3, :3]) - 1.0) / 2.0
    return bool(cosine < np.cos(turn) or distance(bank, a, b) > place * bank.radius)


def _taken(bank: ViewBank, pose: Array) -> Taken:
    centre = transform(pose, bank.centre)
    away = float(np.linalg.norm(centre))
    return Taken(centre / away, float(np.cos(np.arctan2(_ANOTHER_PLACE * bank.radius, away))))


def _scales(bank: ViewBank, camera: CameraModel, search: PoseSearch) -> list[float]:
    """Scales of the whole picture at which an object of the sizes looked for fits the templates, largest first."""
    smallest, largest = (COARSE.radius / (share * camera.height) for share in search.sizes)
    count = max(1, round(np.log(smallest / largest) / np.log(search.size_step)) + 1)
    return [float(scale) for scale in np.geomspace(smallest, largest, count)]
