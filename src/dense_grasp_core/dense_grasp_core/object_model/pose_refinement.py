"""One step of a pose's refinement: matches of the bank's nearest views in a virtual picture of the assumed pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, roll_between
from dense_grasp_core.object_model.pose_consensus import consensus
from dense_grasp_core.object_model.pose_least_squares import solve
from dense_grasp_core.object_model.sensed_depth import SensedDepth
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, Describe, ViewBank

Array = NDArray[np.float64]
_SOFTNESS = 15.0  # of the mean place of a match among the cells around its best one
_KEPT_SHARE = 0.6  # of the matches, the most similar ones
_FEWEST_MATCHES = 12
_REPROJECTION_PX = 6.0  # in the virtual picture
_SCORE_REACH = 1.5  # cells
_SCORED_VIEWS = 3  # the nearest ones, of which the most similar one counts
_WIDEST_PAIR = np.radians(60.0)  # of views whose likeness is measured


@dataclass(frozen=True)
class PoseStep:
    """The pose that a look gives: camera_from_object (4, 4), covariance (6, 6) as in `pose_least_squares`, how many
    matches support it, and which share of all that is. Of the pose looked for: how alike picture and nearest views are,
    -1..1, and the angle to the nearest photograph, radians.
    """

    camera_from_object: Array
    covariance: Array
    supporting: int
    share: float
    similarity: float
    view_angle: float


@dataclass(frozen=True)
class Tolerance:
    """How far a pose may be from what a virtual picture was turned to, and still be looked for in it: shift of the
    object's middle, px; size, as a logarithm; roll, radians, from the nearest roll of the bank.
    """

    shift: float
    size: float
    roll: float


#: For a first pose, which the picture only has to bring nearer.
LOOSE = Tolerance(24.0, 0.15, float(np.radians(15.0)))
#: For a pose that is nearly right.
CLOSE = Tolerance(8.0, 0.06, float(np.radians(6.0)))


class Looks:
    """The virtual pictures of one picture, each described once: poses in the same place share them, whatever their turn
    is, since the bank holds every view in every roll.
    """

    def __init__(self, bank: ViewBank, describe: Describe, picture: PicturePyramid) -> None:
        """Looks at the bank's object."""
        self._bank, self._describe, self._picture = bank, describe, picture
        self._seen: list[tuple[LookAt, NDArray[np.float32]]] = []

    def at(self, pose: Array, tolerance: Tolerance) -> PoseLook:
        """A look at an object of the pose (4, 4): one that is there within the tolerance, the nearest first, else a new
        one, rolled and sized as the nearest view.
        """
        wanted, _ = self._bank.look_at(pose)
        offs = [self._off(look, wanted, tolerance) for look, _ in self._seen]
        if offs and min(offs) <= 1.0:
            look, features = self._seen[int(np.argmin(offs))]
            return PoseLook(self._bank, look, features, pose)
        features = self._bank.centred(self._describe(self._picture.look(wanted)).reshape(FINE.side * FINE.side, -1))
        self._seen.append((wanted, features))
        return PoseLook(self._bank, wanted, features, pose)

    def _off(self, look: LookAt, wanted: LookAt, tolerance: Tolerance) -> float:
        """How far a look is from the one wanted, 1 at the tolerance."""
        look_from_wanted = look.camera_from_virtual.T @ wanted.camera_from_virtual
        if look_from_wanted[2, 2] <= 0.0:
            return np.inf
        shift = look.focal * float(np.hypot(*look_from_wanted[:2, 2])) / look_from_wanted[2, 2]
        size = abs(float(np.log(look.focal / wanted.focal)))
        step = 2.0 * np.pi / self._bank.rolls
        turned = roll_between(look_from_wanted, np.eye(3)) / step
        return max(shift / tolerance.shift, size / tolerance.size, abs(turned - round(turned)) * step / tolerance.roll)


@dataclass(frozen=True)
class PoseLook:
    """A pose looked for in a virtual picture: features (side * side, D), of length 1 less the bank's mean."""

    bank: ViewBank
    virtual: LookAt
    features: NDArray[np.float32]
    camera_from_object: Array

    def step(
        self,
        reach: float,
        views: int,
        widest: float,
        seed: int,
        depth: SensedDepth | None = None,
        most: int | None = None,
    ) -> PoseStep | None:
        """The pose that matches within ``reach`` cells of this one give; None where too few agree on one.

        views: that matches come from, the nearest ones, within ``widest`` radians of the look. seed: of RANSAC. most:
        points that are matched, None: all, and a covariance is asked for.
        """
        points, descriptors, of_view, angle = self._neighbours(views, widest)
        if most is not None and len(points) > most:
            some = np.linspace(0, len(points) - 1, most).astype(int)
            points, descriptors, of_view = points[some], descriptors[some], of_view[some]
        pixels, similarity, in_place = self._matches(points, descriptors, reach)
        alike = max(float(in_place[of_view == view].mean()) for view in range(min(_SCORED_VIEWS, of_view[-1] + 1)))
        kept = similarity >= np.quantile(similarity, 1.0 - _KEPT_SHARE)
        if kept.sum() < _FEWEST_MATCHES:
            return None
        points, pixels = points[kept], pixels[kept]
        agreed = consensus(
            self.virtual,
            points,
            pixels,
            self._virtual_from_object(),
            self.bank.centre,
            self.bank.radius,
            _REPROJECTION_PX,
            seed,
        )
        agree = agreed.agree
        if agree.sum() < _FEWEST_MATCHES:
            return None
        pose = np.eye(4)
        pose[:3] = self.virtual.camera_from_virtual @ agreed.virtual_from_object[:3]
        if not self._is_in_front(pose):
            return None
        if depth is not None:
            pose = depth.settled(self.bank, pose)
        covariance = np.full((6, 6), np.nan)
        if most is None:
            solution = solve(self.bank, self.virtual, points[agree], pixels[agree], pose, depth)
            covariance = solution.covariance
            if depth is not None:
                pose = solution.camera_from_object
        if not self._is_in_front(pose):
            return None
        supporting = int(agree.sum())
        return PoseStep(pose, covariance, supporting, supporting / len(points), alike, angle)

    def _is_in_front(self, pose: Array) -> bool:
        return bool(np.isfinite(pose).all() and transform(pose, self.bank.centre)[2] > self.bank.radius)

    def _virtual_from_object(self) -> Array:
        motion = np.eye(4)
        motion[:3] = self.virtual.camera_from_virtual.T @ self.camera_from_object[:3]
        return motion

    def _neighbours(self, most: int, widest: float) -> tuple[Array, NDArray[np.float32], NDArray[np.int64], float]:
        """Points (n, 3) and descriptors (n, D) of the cells of the nearest views, the number of each one's view (n,),
        nearest first, and the angle to the nearest photograph, radians.
        """
        turn = self._virtual_from_object()[:3, :3]
        angles = self.bank.view_angles(turn)
        order = np.argsort(angles)
        views = [view for place, view in enumerate(order[:most]) if place == 0 or angles[view] <= widest]
        cells = [self.bank.fine[view][self.bank.roll_index(view, turn)] for view in views]
        cells = [c for c in cells if len(c.index) >= _FEWEST_MATCHES] or cells[:1]
        of_view = np.repeat(np.arange(len(cells)), [len(c.index) for c in cells])
        points, descriptors = (
            np.concatenate(p) for p in ([c.points_object for c in cells], [c.descriptors for c in cells])
        )
        return points, descriptors, of_view, float(self.bank.photograph_angles(turn).min())

    def _matches(
        self, points: Array, descriptors: NDArray[np.float32], reach: float
    ) -> tuple[Array, NDArray[np.float32], NDArray[np.float32]]:
        """Where in the picture each point's descriptor fits best within ``reach`` cells of its expected place (n, 2),
        px, and how well (n,); and how well at most in the expected place itself (n,).
        """
        side, span, count = FINE.side, int(np.ceil(reach)), len(points)
        border, wide = span + 2, FINE.side + 2 * (span + 2)
        cells = (self.virtual.project(transform(self._virtual_from_object(), points)) + 0.5) / STRIDE - 0.5
        base = np.rint(np.clip(cells, -1, side)).astype(np.int64)
        # With a border that is like nothing, a window around any cell lies in the array.
        similarity = np.full((count, wide, wide), np.float32(-1.0))
        similarity[:, border:-border, border:-border] = (descriptors @ self.features.T).reshape(count, side, side)
        flat, first = similarity.reshape(-1), np.arange(count) * (wide * wide)
        middle = first + (base[:, 1] + border) * wide + base[:, 0] + border
        du, dv = _window(span)
        off = (cells - base).astype(np.float32)
        square = (du - off[:, :1]) ** 2 + (dv - off[:, 1:]) ** 2
        window = flat[middle[:, None] + (dv * wide + du)]
        in_place = np.where(square <= _SCORE_REACH * _SCORE_REACH, window, np.float32(-1.0)).max(1)
        allowed = np.where(square <= reach * reach, window, np.float32(-1.0))
        best = allowed.argmax(1)
        found = allowed[np.arange(count), best]
        around_u, around_v = _window(1)
        around = flat[(middle + dv[best] * wide + du[best])[:, None] + (around_v * wide + around_u)]
        weight = np.exp(_SOFTNESS * (around - found[:, None]))
        weight /= weight.sum(1, keepdims=True)
        place = base + np.stack([du[best] + weight @ around_u, dv[best] + weight @ around_v], 1)
        return (place + 0.5) * STRIDE - 0.5, found, in_place


def _window(span: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows (n,) of the cells up to ``span`` away, row by row."""
    side = np.arange(-span, span + 1)
    u, v = np.meshgrid(side, side)
    return u.ravel(), v.ravel()


def expected_similarity(bank: ViewBank) -> tuple[float, float]:
    """How alike a look and the views of the scan are by the angle to the nearest photograph: constant and slope per
    radian.

    Cells of one photograph are compared with those of the other that lie next to them on the object; and with what the
    others render it to, which falls off slower.
    """
    angles, similarities = [], []
    spacing = STRIDE * bank.radius / FINE.radius
    for view, of_view in enumerate(bank.fine[: bank.photographs]):
        apart = bank.photograph_angles(bank.virtual_from_object[view])
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
    rendered, likeness = bank.rendered_likeness.T
    if len(rendered):
        slope = max(slope, float(rendered @ (likeness - constant) / (rendered @ rendered)))
    return float(constant), min(0.0, float(slope))
