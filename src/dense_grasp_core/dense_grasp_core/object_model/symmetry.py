"""Whether a scan looks the same after a motion of its object: a can without a print, a box with equal sides.

Where a picture is explained equally well by two poses of an object, either something tells them apart that the picture
does not show, and nobody knows which pose is right; or nothing of the scan does, and both put the object's points
where they may just as well be. The second is judged by the scan alone: its surface, moved, is nowhere where one of its
pictures saw past it, and pictures of sides that come to each other's place are as alike as neighbouring pictures are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, Cells, ViewBank, of_length_one

Array = NDArray[np.float64]
_VIEWS = 12  # of the bank, evenly: each is compared
_BEFORE = 0.006  # m that a moved point may lie before what a picture saw there
_FACING = -0.3  # cosine between ray and normal of points that a picture is asked about
_CELLS = 160  # of each picture that are compared
_SHIFT = 3  # cells that they may lie beside their place
_TURN = np.radians(60.0)  # the least turn that tells: after a smaller one the same sides are still in sight


@dataclass(frozen=True)
class SymmetryLimits:
    """contradicted: largest share of the moved surface that some picture saw past; alike, least_alike: median and
    tenth percentile, over pictures, of the similarity of sides that come to each other's place, as a share of that
    of neighbouring pictures; compared: least share of the pictures that have such a side. Chosen on scans of the
    simulated cell (docs/benchmarks.md): a can and a box without a print, the same with one, a mug, a hammer.
    """

    contradicted: float = 0.03
    alike: float = 0.95
    least_alike: float = 0.85
    compared: float = 0.5


@dataclass(frozen=True)
class Symmetry:
    """Judges motions of a bank's object. basis (D, d): the few dimensions in which descriptors are compared."""

    bank: ViewBank
    basis: NDArray[np.float32]
    limits: SymmetryLimits = field(default_factory=SymmetryLimits)

    def holds(self, motion: Array) -> bool:
        """Whether the scan looks the same after a motion (4, 4) of the object in its own frame."""
        if not all(self._fits(each) for each in (motion, inverse(motion))):
            return False
        far = motion
        # A symmetry's powers are symmetries, and a small turn shows the same sides again.
        while rotation_angle(far) < _TURN and rotation_angle(far @ motion) > rotation_angle(far):
            far = far @ motion
        return self._is_alike(motion) and (far is motion or (self._fits(far) and self._is_alike(far)))

    def _fits(self, motion: Array) -> bool:
        points = transform(motion, self.bank.surface)
        normals = self.bank.normals @ motion[:3, :3].T
        counts = [view.seen_past(points, normals) for view in self._seen]
        past, asked = (sum(count) for count in zip(*counts, strict=True))
        return bool(asked) and past <= self.limits.contradicted * asked

    def _is_alike(self, motion: Array) -> bool:
        bank, ratios = self.bank, []
        for view, own in zip(self._views, self._neighbours, strict=True):
            turned = bank.virtual_from_object[view] @ motion[:3, :3]
            angles = bank.photograph_angles(turned)
            other = int(angles.argmin())
            if angles[other] <= self._spacing:
                likeness = _likeness(bank, self.basis, view, other, bank.roll_index(other, turned))
                ratios.append(likeness / max(1e-3, own))
        if len(ratios) < self.limits.compared * len(self._views):
            return False
        return bool(np.median(ratios) >= self.limits.alike and np.quantile(ratios, 0.1) >= self.limits.least_alike)

    @cached_property
    def _views(self) -> list[int]:
        """Those that are compared."""
        count = self.bank.photographs
        return np.unique(np.linspace(0, count - 1, min(_VIEWS, count)).round().astype(np.int64)).tolist()

    @cached_property
    def _seen(self) -> list[_Seen]:
        return [_Seen.by(self.bank, view) for view in self._views]

    @cached_property
    def _spacing(self) -> float:
        """Radians to the nearest other view, of the view that is farthest from all others."""
        looks = self.bank.virtual_from_object[: self.bank.photographs, 2]
        cosines = looks @ looks.T - 2.0 * np.eye(len(looks))
        return float(np.arccos(np.clip(cosines.max(axis=1).min(), -1.0, 1.0)))

    @cached_property
    def _neighbours(self) -> list[float]:
        """Likeness of each compared view and the one that is nearest to it."""
        bank, found = self.bank, []
        for view in self._views:
            own = bank.virtual_from_object[view]
            angles = bank.photograph_angles(own)
            angles[view] = np.inf
            other = int(angles.argmin())
            found.append(_likeness(bank, self.basis, view, other, bank.roll_index(other, own)))
        return found


@dataclass(frozen=True)
class _Seen:
    """What one view saw: turn virtual_from_object (3, 3), away: m from its camera to the object's middle; nearest
    (side, side): depth of the object, m from its middle, in each cell and those around it, inf where it saw none.
    """

    bank: ViewBank
    turn: Array
    away: float
    nearest: Array

    @classmethod
    def by(cls, bank: ViewBank, view: int) -> _Seen:
        cells, turn = bank.fine[view][0], bank.virtual_from_object[view]
        seen = np.full((FINE.side + 2, FINE.side + 2), np.inf)
        rows, columns = np.divmod(cells.index, FINE.side)
        seen[rows + 1, columns + 1] = ((cells.points_object - bank.centre) @ turn.T)[:, 2]
        # of those around it, too: an outline falls between cells
        around = [seen[i : i + FINE.side, j : j + FINE.side] for i in range(3) for j in range(3)]
        return cls(bank, turn, _distance(bank, cells, turn), np.min(around, axis=0))

    def seen_past(self, points: Array, normals: Array) -> tuple[int, int]:
        """Of the points (n, 3) that face the view: how many lie where it saw no object, or before it; and all."""
        places = (points - self.bank.centre) @ self.turn.T
        rays = places + np.array([0.0, 0.0, self.away])
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        facing = ((normals @ self.turn.T) * rays).sum(axis=1) < _FACING
        larger = FINE.radius * self.away / self.bank.radius
        pixels = larger * places[:, :2] / (self.away + places[:, 2:]) + (FINE.size - 1) / 2.0
        at = np.floor((pixels + 0.5) / STRIDE).astype(np.int64)
        asked = facing & (at >= 0).all(axis=1) & (at < FINE.side).all(axis=1)
        there = self.nearest[at[asked, 1], at[asked, 0]]
        past = ~np.isfinite(there) | (places[asked, 2] < there - _BEFORE)
        return int(past.sum()), int(asked.sum())


def _distance(bank: ViewBank, cells: Cells, turn: Array) -> float:
    """m from a view's camera to the object's middle, by where its cells' points lie in its picture (least squares)."""
    places = (cells.points_object - bank.centre) @ turn.T
    pixels = FINE.cell_pixels()[cells.index] - (FINE.size - 1) / 2.0
    left, right = pixels - FINE.radius * places[:, :2] / bank.radius, -pixels * places[:, 2:]
    return float((left * right).sum() / max(1e-12, (left * left).sum()))


def _likeness(bank: ViewBank, basis: NDArray[np.float32], one: int, other: int, rolled: int) -> float:
    """Mean similarity of cells of one view and the most alike ones near their place in another, rolled."""
    asked, given = bank.fine[one][0], bank.fine[other][rolled]
    kept = np.random.default_rng(0).permutation(len(asked.index))[:_CELLS]
    if not len(kept) or not len(given.index):
        return 0.0
    wide = FINE.side + 2 * _SHIFT
    grid = np.zeros((wide, wide, basis.shape[1]), np.float32)
    rows, columns = np.divmod(given.index, FINE.side)
    grid[rows + _SHIFT, columns + _SHIFT] = of_length_one(given.descriptors @ basis)
    wanted = of_length_one(asked.descriptors[kept] @ basis)
    rows, columns = np.divmod(asked.index[kept], FINE.side)
    around = np.arange(2 * _SHIFT + 1)
    near = grid[rows[:, None, None] + around[:, None], columns[:, None, None] + around]
    return float(np.einsum("nd,nijd->nij", wanted, near).max(axis=(1, 2)).mean())
