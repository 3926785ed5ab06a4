"""One step of a pose's refinement: matches of the bank's nearest views in a virtual picture of the assumed pose.

SQPnP in RANSAC: Terzakis and Lourakis, "A Consistently Fast and Globally Optimal Solution to the PnP Problem", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid
from dense_grasp_core.object_model.pose_least_squares import solve
from dense_grasp_core.object_model.sensed_depth import SensedDepth
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, Describe, ViewBank

Array = NDArray[np.float64]
_SOFTNESS = 15.0  # of the mean place of a match among the cells around its best one
_KEPT_SHARE = 0.6  # of the matches, the most similar ones
_FEWEST_MATCHES = 12
_REPROJECTION_PX = 6.0  # in the virtual picture
_SCORE_REACH = 1.5  # cells
_WIDEST_PAIR = np.radians(60.0)  # of views whose likeness is measured


@dataclass(frozen=True)
class PoseStep:
    """The pose that a look gives: camera_from_object (4, 4), covariance (6, 6) as in `pose_least_squares`, how many
    matches support it, and which share of all that is.
    """

    camera_from_object: Array
    covariance: Array
    supporting: int
    share: float


@dataclass(frozen=True)
class PoseLook:
    """A virtual picture of the assumed pose: features (side * side, D), of length 1 less the bank's mean."""

    bank: ViewBank
    virtual: LookAt
    features: NDArray[np.float32]
    camera_from_object: Array

    @classmethod
    def at(cls, bank: ViewBank, describe: Describe, picture: PicturePyramid, pose: Array) -> PoseLook:
        """The look at an object of the pose (4, 4), rolled and sized as the nearest view."""
        virtual, _ = bank.look_at(pose)
        features = bank.centred(describe(picture.look(virtual)).reshape(FINE.side * FINE.side, -1))
        return cls(bank, virtual, features, pose)

    def step(
        self, reach: float, views: int, widest: float, seed: int, depth: SensedDepth | None = None
    ) -> PoseStep | None:
        """The pose that matches within ``reach`` cells of this one give; None where too few agree on one.

        views: that matches come from, the nearest ones, within ``widest`` radians of the look. seed: of RANSAC.
        """
        points, descriptors = self._neighbours(views, widest)
        pixels, similarity = self._matches(points, descriptors, reach)
        kept = similarity >= np.quantile(similarity, 1.0 - _KEPT_SHARE)
        if kept.sum() < _FEWEST_MATCHES:
            return None
        order = np.nonzero(kept)[0]
        if seed:  # OpenCV's RANSAC draws the same places of a list every time: their order makes another draw
            order = np.random.default_rng(seed).permutation(order)
        points, pixels, matrix = points[order], pixels[order], self.virtual.matrix
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
        except cv2.error:  # raised where a sample's points lie in one place
            return None
        if not done or inliers is None or len(inliers) < _FEWEST_MATCHES:
            return None
        agree = inliers[:, 0]
        turn, shift = cv2.solvePnPRefineLM(points[agree], pixels[agree], matrix, None, turn, shift)
        pose = np.eye(4)
        pose[:3, :3] = self.virtual.camera_from_virtual @ cv2.Rodrigues(turn)[0]
        pose[:3, 3] = self.virtual.camera_from_virtual @ shift[:, 0]
        if not self._is_in_front(pose):
            return None
        if depth is not None:
            pose = depth.settled(self.bank, pose)
        solution = solve(self.bank, self.virtual, points[agree], pixels[agree], pose, depth)
        if depth is not None:
            pose = solution.camera_from_object
        if not self._is_in_front(pose):
            return None
        return PoseStep(pose, solution.covariance, len(agree), len(agree) / len(points))

    def _is_in_front(self, pose: Array) -> bool:
        return bool(np.isfinite(pose).all() and transform(pose, self.bank.centre)[2] > self.bank.radius)

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
        cells = (self.virtual.project(transform(motion, points)) + 0.5) / STRIDE - 0.5
        span = int(np.ceil(reach))
        base = np.rint(np.clip(cells, -side, 2 * side)).astype(int)
        offsets = np.arange(-span - 1, span + 2)
        du, dv = (axis.ravel() for axis in np.meshgrid(offsets, offsets))
        u, v = base[:, :1] + du, base[:, 1:] + dv
        outside = (u < 0) | (v < 0) | (u >= side) | (v >= side)
        place = np.clip(v, 0, side - 1) * side + np.clip(u, 0, side - 1)
        similarity = np.where(outside, np.float32(-1.0), np.take_along_axis(descriptors @ self.features.T, place, 1))
        far = (u - cells[:, :1]) ** 2 + (v - cells[:, 1:]) ** 2 > reach * reach
        edge = (np.abs(du) > span) | (np.abs(dv) > span)
        allowed = np.where(far | edge, np.float32(-1.0), similarity)
        best = allowed.argmax(1)
        rows, width = np.arange(len(points)), len(offsets)
        found = similarity[rows, best]
        around = best[:, None] + np.array([dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
        around = np.clip(around, 0, len(du) - 1)
        weight = np.exp(_SOFTNESS * (np.take_along_axis(similarity, around, 1) - found[:, None]))
        weight /= weight.sum(1, keepdims=True)
        place_u, place_v = (
            (weight * np.take_along_axis(axis, around, 1)).sum(1) for axis in (u.astype(float), v.astype(float))
        )
        found = np.where(allowed.max(1) <= -1.0, np.float32(-1.0), found)
        return (np.stack([place_u, place_v], 1) + 0.5) * STRIDE - 0.5, found


def expected_similarity(bank: ViewBank) -> tuple[float, float]:
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
            if len(a.index) < _FEWEST_MATCHES or len(b.index) < _FEWEST_MATCHES or apart[other] > _WIDEST_PAIR:
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
