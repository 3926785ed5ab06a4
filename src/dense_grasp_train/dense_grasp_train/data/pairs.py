"""Training pairs: two composed images, their sub-pixel matches and, where one exists, the rigid motion between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from dense_grasp_assets.cap.mesh import PART_NAMES
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry import se3
from numpy.typing import NDArray
from torch.utils.data import Dataset

from dense_grasp_train.augment.compose import Composed, compose_view, depth_at, draw_warp
from dense_grasp_train.augment.photometric import Recolouring, draw_recolouring
from dense_grasp_train.data.views import View, matches_across, matches_between, matches_within
from dense_grasp_train.losses.nt_xent import cell_centres
from dense_grasp_train.training.config import PairOptions
from dense_grasp_train.training.ranges import FEWEST_MATCHES

KINDS = ("augmented", "view", "instance")
_TRIES = 8


def possible_kinds(views: list[View]) -> dict[str, bool]:
    """Which of KINDS the views allow."""
    counts = np.unique([view.instance for view in views], return_counts=True)[1]
    return dict(zip(KINDS, (True, counts.max() > 1, len(counts) > 1), strict=True))


def impossible_shares(views: list[View], options: PairOptions) -> dict[str, float]:
    """The shares above 0 of kinds that the views do not allow, by kind."""
    return {
        kind: getattr(options, kind)
        for kind, possible in possible_kinds(views).items()
        if not possible and getattr(options, kind) > 0
    }


class PairError(DenseGraspError):
    """The views cannot give the pairs asked for."""


class PairDataset(Dataset[dict[str, torch.Tensor]]):
    """Pairs by number: pair i of a seed is the same in every process, order and resumed run.

    An item holds (w, h the image's size, M = options.matches, c x r cells of ``stride`` image pixels):
    image (2, 3, h, w) uint8; pixels (2, M, 2) image pixels of the matches; weight (M,) 0 for padding;
    mask (2, r, c) share of object in each cell; depth (2, r, c) metres, NaN off the object; camera_matrix (2, 3, 3);
    b_from_a (4, 4) and rigid, 1.0 where it holds; centroid (2, 2) pixel of the visible object's middle.
    """

    def __init__(
        self,
        views: list[View],
        options: PairOptions,
        seed: int,
        length: int,
        stride: int,
        options_of: Callable[[int], PairOptions] | None = None,
    ) -> None:
        """``options_of`` gives the options of pair i where they change in the course of training."""
        if not views:
            raise PairError("the data set has no views, expected at least one")
        self.views, self.options, self.seed, self.length, self.stride = views, options, seed, length, stride
        instances = np.array([view.instance for view in views])
        self._possible = np.array(list(possible_kinds(views).values()))
        if self._shares().sum() <= 0:
            objects = len(set(instances))
            raise PairError(f"{len(views)} view(s) of {objects} object(s) allow none of the pairs asked for")
        self._options_of = options_of
        self._instances = instances
        self._directions = np.stack([view.viewing_direction for view in views])
        width, height = (round(side * options.input_scale) for side in options.crop)
        self._cells = cell_centres(-(-height // stride), -(-width // stride), stride).numpy()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        cv2.setNumThreads(0)
        if self.options.pool:
            index %= self.options.pool
        rng = np.random.default_rng([self.seed, index])
        if self._options_of is not None:
            self.options = self._options_of(index)
        shares = self._shares()
        shares = shares / shares.sum()
        for _ in range(_TRIES):
            pair = self._try(rng, str(rng.choice(KINDS, p=shares)))
            if pair is not None:
                return pair
        for _ in range(10 * _TRIES):
            pair = self._try(rng, "augmented")
            if pair is not None:
                return pair
        raise PairError(f"no pair with {FEWEST_MATCHES} visible matches in {11 * _TRIES} tries; are the masks filled?")

    def _shares(self) -> NDArray:
        options = self.options
        return np.array([options.augmented, options.view, options.instance], float) * self._possible

    def _partner(self, index: int, kind: str, rng: np.random.Generator) -> int | None:
        if kind == "augmented":
            return index
        same = self._instances == self._instances[index]
        allowed = same if kind == "view" else ~same
        allowed = allowed & (
            self._directions @ self._directions[index] > np.cos(np.deg2rad(self.options.view_change_deg))
        )
        allowed[index] = False
        candidates = np.flatnonzero(allowed)
        return int(rng.choice(candidates)) if len(candidates) else None

    def _try(self, rng: np.random.Generator, kind: str) -> dict[str, torch.Tensor] | None:
        first = int(rng.integers(0, len(self.views)))
        second = self._partner(first, kind, rng)
        if second is None:
            return None
        a, b = self.views[first], self.views[second]
        drawn = 2 * self.options.matches
        match_of = {
            "augmented": lambda: matches_within(a, drawn, rng),
            "view": lambda: matches_between(a, b, drawn, rng),
            "instance": lambda: matches_across(a, b, drawn, rng),
        }
        source_a, source_b = match_of[kind]()
        if len(source_a) < FEWEST_MATCHES:
            return None
        images = [
            compose_view(view, draw_warp(view, self.options, rng), self.options, rng, dyes)
            for view, dyes in zip((a, b), self._dyes(kind, rng), strict=True)
        ]
        pixels_a, pixels_b = images[0].warp.apply(source_a), images[1].warp.apply(source_b)
        seen = np.flatnonzero(images[0].shows(pixels_a) & images[1].shows(pixels_b))[: self.options.matches]
        if len(seen) < FEWEST_MATCHES:
            return None
        matrices = [image.camera_matrix for image in images]
        motion: NDArray | None = np.eye(4)
        if kind != "instance":
            if self.options.motion == "exact":
                motion = exact_motion(a, b, *images)
            else:
                matrices = [network_matrix(view, self.options) for view in (a, b)]
                motion = self._paper_motion((a, b), images, (pixels_a[seen], pixels_b[seen]), matrices)
                if motion is None:
                    return None
        return self._pack((a, b), images, (pixels_a[seen], pixels_b[seen]), matrices, motion, kind != "instance")

    def _dyes(self, kind: str, rng: np.random.Generator) -> tuple[Recolouring | None, Recolouring | None]:
        """One object keeps its colours between two images; two objects need not."""
        if rng.random() >= self.options.recolour:
            return None, None
        first = draw_recolouring(len(PART_NAMES), rng)
        return first, (draw_recolouring(len(PART_NAMES), rng) if kind == "instance" else first)

    def _paper_motion(
        self,
        views: tuple[View, View],
        images: Sequence[Composed],
        pixels: tuple[NDArray, NDArray],
        matrices: Sequence[NDArray],
    ) -> NDArray | None:
        count = self.options.motion_matches
        points = []
        for view, image, pixel, matrix in zip(views, images, pixels, matrices, strict=True):
            depth = depth_at(view, image, pixel[:count])
            rays = np.linalg.solve(matrix, np.concatenate([pixel[:count], np.ones((len(depth), 1))], 1).T).T
            points.append(rays * depth[:, None])
        good = np.isfinite(points[0]).all(1) & np.isfinite(points[1]).all(1)
        if good.sum() < 3:
            return None
        motion, residual = se3.kabsch(points[0][good], points[1][good])
        size = float(np.linalg.norm(np.ptp(points[0][good], axis=0)))
        return motion if residual <= self.options.residual_limit * size else None

    def _pack(
        self,
        views: tuple[View, View],
        images: Sequence[Composed],
        pixels: tuple[NDArray, NDArray],
        matrices: Sequence[NDArray],
        motion: NDArray | None,
        rigid: bool,
    ) -> dict[str, torch.Tensor]:
        rows, columns = self._cells.shape[:2]
        count = self.options.matches
        padded = np.zeros((2, count, 2), np.float32)
        padded[:, : len(pixels[0])] = pixels
        weight = (np.arange(count) < len(pixels[0])).astype(np.float32)
        flat = self._cells.reshape(-1, 2)
        depth = [depth_at(v, i, flat).reshape(rows, columns) for v, i in zip(views, images, strict=True)]
        mask = [_cell_share(image.visible, rows, columns, self.stride) for image in images]
        centroid = [np.argwhere(image.visible > 0.5).mean(0)[::-1] for image in images]
        numbers = {
            "pixels": padded,
            "weight": weight,
            "mask": np.stack(mask),
            "depth": np.stack(depth),
            "camera_matrix": np.stack(matrices),
            "b_from_a": motion,
            "rigid": np.float32(rigid),
            "centroid": np.stack(centroid),
        }
        item = {key: torch.as_tensor(np.asarray(value, np.float32)) for key, value in numbers.items()}
        item["image"] = torch.from_numpy(np.stack([i.rgb for i in images])).permute(0, 3, 1, 2).contiguous()
        return item


def exact_motion(a: View, b: View, image_a: Composed, image_b: Composed) -> NDArray:
    """Motion (4, 4) from the camera of the composed image A to that of B, without a residual."""
    camera_b_from_a = b.camera_from_object @ np.linalg.inv(a.camera_from_object)
    turn_a, turn_b = image_a.warp.target_from_source, image_b.warp.target_from_source
    return turn_b @ camera_b_from_a @ np.linalg.inv(turn_a)


def network_matrix(view: View, options: PairOptions) -> NDArray:
    """K of the whole camera image as the network sees it, which the paper keeps for warped images too."""
    matrix = view.camera_matrix.copy()
    matrix[:2] *= options.input_scale
    matrix[:2, 2] += 0.5 * options.input_scale - 0.5
    return matrix


def _cell_share(visible: NDArray, rows: int, columns: int, stride: int) -> NDArray:
    padded = np.zeros((rows * stride, columns * stride), np.float32)
    padded[: visible.shape[0], : visible.shape[1]] = visible
    return padded.reshape(rows, stride, columns, stride).mean((1, 3))
