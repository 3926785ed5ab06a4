"""The pose of a scanned object in one colour picture: first poses of its templates, refined on its bank of views.

Refinement looks at the object with a virtual camera that the assumed pose turns, rolls and sizes as the nearest view of
the bank; matches of that view's cells and its neighbours' near where the pose expects them give the next pose (SQPnP in
RANSAC, Terzakis and Lourakis 2020). The poses that remain are judged by the share of matches that agree with them, and
by how much alike picture and nearest view are, measured by what views of the scan have in common at the same angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, roll, roll_between, turn_towards
from dense_grasp_core.object_model.template_search import Templates, first_poses
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, Describe, ViewBank

Array = NDArray[np.float64]
_SOFTNESS = 15.0  # of the mean place of a match among the cells around its best one
_KEPT_SHARE = 0.6  # of the matches, the most similar ones
_FEWEST_MATCHES = 12
_REPROJECTION_PX = 6.0  # in the virtual picture
_SCORE_REACH = 1.5  # cells
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
    (radians) of the look.
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
        object.__setattr__(self, "expected", _expected_similarity(self.bank))

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
            look = self._look(picture, pose)
            step = look.step(reach, self.search)
            if step is None:
                return ObjectPose(pose, 0.0, 0, 0.0, angle)
            pose, supporting, share = step
            if last == 0:
                similarity, angle = look.similarity()
                constant, slope = self.expected
                alike = max(0.0, similarity) / max(_LEAST_EXPECTED, constant + slope * angle)
        return ObjectPose(pose, alike * share if angle < _FARTHEST_VIEW else 0.0, supporting, share, angle)

    def _look(self, picture: PicturePyramid, pose: Array) -> _Look:
        bank = self.bank
        centre_camera = pose[:3, :3] @ bank.centre + pose[:3, 3]
        camera_from_virtual = turn_towards(centre_camera)
        virtual_from_object = camera_from_virtual.T @ pose[:3, :3]
        nearest = int(np.argmin(bank.view_angles(virtual_from_object)))
        angle = roll_between(virtual_from_object, bank.virtual_from_object[nearest])
        focal = FINE.radius * float(np.linalg.norm(centre_camera)) / bank.radius
        virtual = LookAt(camera_from_virtual @ roll(angle), focal, FINE.size)
        features = self.bank.centred(self.describe(picture.look(virtual)).reshape(FINE.side * FINE.side, -1))
        return _Look(bank, virtual, features, pose)


@dataclass(frozen=True)
class _Look:
    """A virtual picture of the assumed pose: features (side * side, D), of length 1 less the bank's mean."""

    bank: ViewBank
    virtual: LookAt
    features: NDArray[np.float32]
    camera_from_object: Array

    def step(self, reach: float, search: PoseSearch) -> tuple[Array, int, float] | None:
        """The pose that matches within ``reach`` cells of this one give, how many support it, and their share."""
        points, descriptors = self._neighbours(search.neighbours, search.neighbour_angle)
        pixels, similarity = self._matches(points, descriptors, reach)
        kept = similarity >= np.quantile(similarity, 1.0 - _KEPT_SHARE)
        if kept.sum() < _FEWEST_MATCHES:
            return None
        points, pixels, matrix = points[kept], pixels[kept], self.virtual.matrix
        cv2.setRNGSeed(0)
        try:
            done, turn, shift, inliers = cv2.solvePnPRansac(  # type: ignore[call-overload]
                points,
                pixels,
                matrix,
                None,
                iterationsCount=150,
                reprojectionError=_REPROJECTION_PX,
                flags=cv2.SOLVEPNP_SQPNP,
            )
        except cv2.error:  # SQPnP raises where a sample's points lie in one place
            return None
        if not done or inliers is None or len(inliers) < _FEWEST_MATCHES:
            return None
        agree = inliers[:, 0]
        turn, shift = cv2.solvePnPRefineLM(points[agree], pixels[agree], matrix, None, turn, shift)
        pose = np.eye(4)
        pose[:3, :3] = self.virtual.camera_from_virtual @ cv2.Rodrigues(turn)[0]
        pose[:3, 3] = self.virtual.camera_from_virtual @ shift[:, 0]
        before = (pose[:3, :3] @ self.bank.centre + pose[:3, 3])[2] > self.bank.radius
        return (pose, len(agree), len(agree) / len(points)) if before else None

    def similarity(self) -> tuple[float, float]:
        """Mean similarity of the cells of the best of the nearest views, and the angle to the nearest."""
        best, (order, angles) = -1.0, self._order()
        for view in order[:3]:
            cells = self.bank.fine[view][self.bank.roll_index(view, self._virtual_from_object()[:3, :3])]
            if len(cells.index) >= _FEWEST_MATCHES:
                best = max(best, float(self._matches(cells.points_object, cells.descriptors, _SCORE_REACH)[1].mean()))
        return best, float(angles[order[0]])

    def _virtual_from_object(self) -> Array:
        motion = np.eye(4)
        motion[:3] = self.virtual.camera_from_virtual.T @ self.camera_from_object[:3]
        return motion

    def _order(self) -> tuple[NDArray[np.int64], Array]:
        angles = self.bank.view_angles(self._virtual_from_object()[:3, :3])
        return np.argsort(angles), angles

    def _neighbours(self, most: int, widest: float) -> tuple[Array, NDArray[np.float32]]:
        order, angles = self._order()
        turn = self._virtual_from_object()[:3, :3]
        views = [view for place, view in enumerate(order[:most]) if place == 0 or angles[view] <= widest]
        cells = [self.bank.fine[view][self.bank.roll_index(view, turn)] for view in views]
        return np.concatenate([c.points_object for c in cells]), np.concatenate([c.descriptors for c in cells])

    def _matches(
        self, points: Array, descriptors: NDArray[np.float32], reach: float
    ) -> tuple[Array, NDArray[np.float32]]:
        """Where in the picture each point's descriptor fits best near its expected place (n, 2), px, and how well."""
        motion, side = self._virtual_from_object(), FINE.side
        cells = (self.virtual.project(points @ motion[:3, :3].T + motion[:3, 3]) + 0.5) / STRIDE - 0.5
        span = int(np.ceil(reach))
        base = np.clip(np.rint(cells).astype(int), span + 1, side - span - 2)
        offsets = np.arange(-span - 1, span + 2)
        du, dv = (axis.ravel() for axis in np.meshgrid(offsets, offsets))
        u, v = base[:, :1] + du, base[:, 1:] + dv
        similarity = np.take_along_axis(descriptors @ self.features.T, v * side + u, 1)
        far = (u - cells[:, :1]) ** 2 + (v - cells[:, 1:]) ** 2 > reach * reach
        edge = (np.abs(du) > span) | (np.abs(dv) > span)
        best = np.where(far | edge, np.float32(-1.0), similarity).argmax(1)
        rows, width = np.arange(len(points)), len(offsets)
        found = similarity[rows, best]
        around = best[:, None] + np.array([dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
        around = np.clip(around, 0, len(du) - 1)
        weight = np.exp(_SOFTNESS * (np.take_along_axis(similarity, around, 1) - found[:, None]))
        weight /= weight.sum(1, keepdims=True)
        place_u, place_v = (
            (weight * np.take_along_axis(axis, around, 1)).sum(1) for axis in (u.astype(float), v.astype(float))
        )
        found = np.where(np.where(far | edge, np.float32(-1.0), similarity).max(1) <= -1.0, np.float32(-1.0), found)
        return (np.stack([place_u, place_v], 1) + 0.5) * STRIDE - 0.5, found


def _scales(bank: ViewBank, camera: CameraModel, search: PoseSearch) -> list[float]:
    """Scales of the whole picture at which an object of the sizes looked for fits the templates, largest first."""
    from dense_grasp_core.object_model.view_bank import COARSE

    smallest, largest = (COARSE.radius / (share * camera.height) for share in search.sizes)
    count = max(1, round(np.log(smallest / largest) / np.log(search.size_step)) + 1)
    return [float(scale) for scale in np.geomspace(smallest, largest, count)]


def _expected_similarity(bank: ViewBank) -> tuple[float, float]:
    """How alike two views of the scan are by the angle between them: constant and slope per radian.

    Cells of one view are compared with those of the other that lie next to them on the object.
    """
    angles, similarities = [], []
    spacing = STRIDE * bank.radius / FINE.radius
    for view, of_view in enumerate(bank.fine):
        apart = bank.view_angles(bank.virtual_from_object[view])
        for other in np.argsort(apart)[1:4]:
            index = bank.roll_index(view, bank.virtual_from_object[other])
            a, b = of_view[index], bank.fine[other][0]
            if len(a.index) < _FEWEST_MATCHES or len(b.index) < _FEWEST_MATCHES or apart[other] > np.radians(60.0):
                continue
            distance = np.linalg.norm(a.points_object[:, None] - b.points_object[None], axis=2)
            near = distance < _SCORE_REACH * spacing
            best = np.where(near, a.descriptors @ b.descriptors.T, np.float32(-1.0)).max(1)
            if near.any(1).mean() > 0.5:
                angles.append(apart[other])
                similarities.append(float(best[near.any(1)].mean()))
    if len(angles) < 4 or np.ptp(angles) < np.radians(5.0):
        return 0.6, 0.0
    slope, constant = np.polyfit(angles, similarities, 1)
    return float(constant), min(0.0, float(slope))
