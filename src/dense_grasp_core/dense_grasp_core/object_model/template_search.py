"""First poses of an object: every view of the bank, at every roll, laid over the whole picture at several sizes.

A template is the grid of a view's descriptors; its score in a place is the mean similarity of its cells with those of
the picture, as in FoundPose's retrieval (arXiv 2311.18809), but without a mask of the object and with the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.look_at import ConformalPicture, PicturePyramid, roll, turn_towards
from dense_grasp_core.object_model.sensed_depth import SensedDepth
from dense_grasp_core.object_model.view_bank import COARSE, STRIDE, Describe, ViewBank

Array = NDArray[np.float64]
_SAME_TURN = np.radians(20.0)
_SAME_DIRECTION = 0.05
_DISTANCE_TOLERANCE = 0.15  # of the distance: half a step between two sizes
_LOOKED_AT = 96  # of the best templates, each in its best place, that are compared whole
_BLOCK = 16  # templates whose similarities stay in the processor's cache
_DEPTH_REACH = 2  # cells around a template's middle, in which depth of the object is looked for


@dataclass(frozen=True)
class FirstPose:
    """camera_from_object (4, 4) of a template's best place; score: mean similarity of its cells, -1..1."""

    camera_from_object: Array
    score: float


@dataclass(frozen=True)
class Templates:
    """Descriptors (T, n, d) of the templates in few dimensions; where each cell lies, (T, n, 2), in cells from the
    middle; and each one's view and roll (T, 2). A template with fewer than n cells has zeros for the rest, and count.
    """

    descriptors: NDArray[np.float32]
    offsets: NDArray[np.int64]
    counts: NDArray[np.float32]
    views_rolls: NDArray[np.int64]
    basis: NDArray[np.float32]

    @classmethod
    def of(cls, bank: ViewBank, views: int = 24, cells: int = 16, dimensions: int = 32) -> Templates:
        """Templates of the views that lie farthest from each other, each with some of its cells."""
        rng = np.random.default_rng(0)
        every = np.concatenate([of_view[0].descriptors for of_view in bank.fine])
        some = every[rng.permutation(len(every))[:4000]]
        basis = np.ascontiguousarray(np.linalg.svd(some, full_matrices=False)[2][:dimensions].T)
        chosen = bank.farthest_views(views)
        found = [(view, index) for view in chosen for index in range(bank.rolls)]
        descriptors = np.zeros((len(found), cells, basis.shape[1]), np.float32)
        offsets = np.zeros((len(found), cells, 2), np.int64)
        counts = np.ones(len(found), np.float32)
        for row, (view, index) in enumerate(found):
            template = bank.coarse[view][index]
            kept = rng.permutation(len(template.index))[:cells]
            counts[row] = max(1, len(kept))
            part = template.descriptors[kept] @ basis
            descriptors[row, : len(kept)] = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
            place = template.index[kept]
            offsets[row, : len(kept)] = np.stack([place // COARSE.side, place % COARSE.side], 1) - COARSE.side // 2
        return cls(descriptors, offsets, counts, np.array(found), basis)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean similarity (T, h, w) of each template laid on each place of a grid (h, w, d) of unit features."""
        height, width, dimensions = features.shape
        # With empty cells all around, a shift in the grid is one in the flat array.
        border = COARSE.side // 2
        row_length = width + 2 * border
        flat = np.pad(features, ((border, border), (border, border), (0, 0))).reshape(-1, dimensions)
        first, length = border * row_length + border, (height - 1) * row_length + width
        total = np.zeros((len(self.counts), height * row_length), np.float32)
        shifts = (first + self.offsets[..., 0] * row_length + self.offsets[..., 1]).tolist()
        for block in range(0, len(shifts), _BLOCK):
            similarity = self.descriptors[block : block + _BLOCK].reshape(-1, dimensions) @ flat.T
            for row, of_cells in enumerate(shifts[block : block + _BLOCK]):
                place, start = total[block + row, :length], row * len(of_cells)
                for cell in range(int(self.counts[block + row])):
                    place += similarity[start + cell, of_cells[cell] : of_cells[cell] + length]
        scores = total.reshape(-1, height, row_length)[:, :, :width]
        return np.ascontiguousarray(scores / self.counts[:, None, None])


@dataclass(frozen=True)
class _Scale:
    """A size of the picture: features (h, w, D), scores (T, h, w) of the templates, directions (h, w, 3) of length 1
    and focal lengths (h, w), px, of the places.
    """

    features: NDArray[np.float32]
    scores: NDArray[np.float32]
    directions: Array
    focal: Array

    @classmethod
    def laid(
        cls,
        templates: Templates,
        features: NDArray[np.float32],
        directions: Array,
        focal: Array,
        possible: NDArray[np.bool_] | None,
    ) -> _Scale:
        """The templates laid over the features, where it is possible (h, w)."""
        few = features @ templates.basis
        few /= np.maximum(np.linalg.norm(few, axis=2, keepdims=True), 1e-9)
        scores = templates.scores(few)
        if possible is not None:
            scores[:, ~possible] = -1.0
        return cls(features, scores, directions, focal)


@dataclass(frozen=True)
class Taken:
    """Where an instance was found already: direction (3,) of length 1, and the cosine within which no other begins."""

    direction: Array
    cosine: float


class TemplateScores:
    """Scores of every template in every place of a picture at several scales; poses are read from them in rounds."""

    def __init__(
        self,
        bank: ViewBank,
        templates: Templates,
        picture: PicturePyramid,
        describe: Describe,
        scales: list[float],
        depth: SensedDepth | None = None,
    ) -> None:
        """Lay the templates over the picture; where depth contradicts a size in all places, it is not tried."""
        self._bank, self._templates = bank, templates
        # Templates are laid over one picture while the network describes the next one.
        with ThreadPoolExecutor(1) as helper:
            laid: list[Future[_Scale]] = []
            for scale in scales:
                conformal = ConformalPicture.of(picture, scale)
                rows, columns = (side // STRIDE for side in conformal.rgb.shape[:2])
                # A template's middle lies between two cells: at the first pixel of cell (v, u).
                u, v = np.meshgrid(np.arange(columns) * STRIDE - 0.5, np.arange(rows) * STRIDE - 0.5)
                directions, enlarged = conformal.directions(np.stack([u, v], 2))
                focal = conformal.focal * enlarged
                possible = None
                if depth is not None:
                    possible = _possible(depth, directions, focal * bank.radius / COARSE.radius, bank)
                    if not possible.any():
                        continue
                features = bank.centred(describe(conformal.rgb))
                laid.append(helper.submit(_Scale.laid, templates, features, directions, focal, possible))
            self._scales = [scale.result() for scale in laid]

    def poses(self, most: int, taken: Sequence[Taken] = ()) -> list[FirstPose]:
        """The best poses away from what is taken that differ by more than 20 degrees or in their place, best first."""
        candidates = []
        for scale in self._scales:
            scores = scale.scores
            for instance in taken:
                scores[:, scale.directions @ instance.direction > instance.cosine] = -1.0
            flat = scores.reshape(len(scores), -1)
            best = flat.argmax(1)
            candidates += [(float(flat[row, at]), row, int(at), scale) for row, at in enumerate(best)]
        candidates = [c for c in sorted(candidates, key=lambda candidate: -candidate[0])[:_LOOKED_AT] if c[0] > -1.0]
        candidates = [(score + self._likeness(scale, row, at), row, at, scale) for score, row, at, scale in candidates]
        candidates.sort(key=lambda candidate: -candidate[0])
        found: list[tuple[FirstPose, Array]] = []
        for score, row, at, scale in candidates:
            if len(found) == most:
                break
            direction = scale.directions.reshape(-1, 3)[at]
            pose = _pose(self._bank, self._templates.views_rolls[row], direction, float(scale.focal.flat[at]))
            if all(_differ(pose, direction, other.camera_from_object, towards) for other, towards in found):
                found.append((FirstPose(pose, score), direction))
        return [pose for pose, _ in found]

    def _likeness(self, scale: _Scale, row: int, at: int) -> float:
        """How alike a template's whole view and the picture are when each cell may lie a cell beside its place."""
        view, index = self._templates.views_rolls[row]
        cells = self._bank.coarse[view][index]
        height, width, dimensions = scale.features.shape
        v0, u0 = divmod(at, width)
        v = v0 + cells.index // COARSE.side - COARSE.side // 2
        u = u0 + cells.index % COARSE.side - COARSE.side // 2
        around = np.arange(-1, 2)
        rows, columns = v[:, None, None] + around[:, None], u[:, None, None] + around
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        window = scale.features[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)].reshape(-1, 9, dimensions)
        similarity = (window @ cells.descriptors[..., None])[..., 0]
        return float(np.where(inside.reshape(-1, 9), similarity, 0.0).max(1).mean())


def _possible(depth: SensedDepth, directions: Array, distances: Array, bank: ViewBank) -> NDArray[np.bool_]:
    """Places (h, w) in whose neighbourhood depth is measured that an object at distances (h, w) could have, or none."""
    flat = directions.reshape(-1, 3)
    measured = depth.at(depth.camera.project(flat)) / flat[:, 2]
    off = np.abs(measured.reshape(distances.shape) - distances)
    fits = off < _DISTANCE_TOLERANCE * distances + bank.radius  # NaN does not
    around = np.ones((2 * _DEPTH_REACH + 1,) * 2, np.uint8)
    fits, known = (cv2.dilate(part.astype(np.uint8), around) > 0 for part in (fits, np.isfinite(off)))
    return np.asarray(fits | ~known)


def _pose(bank: ViewBank, view_roll: NDArray[np.int64], direction: Array, focal: float) -> Array:
    view, index = view_roll
    virtual_from_object = roll(2.0 * np.pi * index / bank.rolls).T @ bank.virtual_from_object[view]
    pose = np.eye(4)
    pose[:3, :3] = turn_towards(direction) @ virtual_from_object
    pose[:3, 3] = direction * (focal * bank.radius / COARSE.radius) - pose[:3, :3] @ bank.centre
    return pose


def _differ(a: Array, towards_a: Array, b: Array, towards_b: Array) -> bool:
    cosine = (np.sum(a[:3, :3] * b[:3, :3]) - 1.0) / 2.0
    return bool(cosine < np.cos(_SAME_TURN) or np.linalg.norm(towards_a - towards_b) > _SAME_DIRECTION)
