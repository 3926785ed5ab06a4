"""Every way round in which an object could lie where one of its poses was found.

A search of the whole picture follows its likeliest few poses. Whether the best of them is the only one shows when
views of the bank from everywhere, in all rolls, are laid over the place where the object is: a mug whose handle is
hidden, or a can, fits there in more than one turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import roll
from dense_grasp_core.object_model.pose_refinement import PoseLook
from dense_grasp_core.object_model.view_bank import FINE, STRIDE, ViewBank

Array = NDArray[np.float64]
_VIEWS = 32  # of the bank, those that lie farthest from each other
_CELLS = 96  # of each view that are compared
_SHIFT = 4  # cells by which a turned object may lie beside the look's middle: it is no ball
_BORDER = _SHIFT + 1
_APART = np.cos(np.radians(20.0))


@dataclass(frozen=True)
class LaidView:
    """Some cells of a view in one roll: descriptors (n, d) in few dimensions, rows and columns (n,) in the picture;
    turn (3, 3): virtual_from_object.
    """

    descriptors: NDArray[np.float32]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    turn: Array


def laid_views(bank: ViewBank, basis: NDArray[np.float32]) -> list[LaidView]:
    """What is laid over a place where the object is. basis (D, d): the dimensions in which descriptors are compared."""
    rng, laid = np.random.default_rng(0), []
    for view in bank.farthest_views(_VIEWS):
        of_view = bank.fine[view]
        some = rng.permutation(len(of_view[0].index))
        for index, cells in enumerate(of_view):
            kept = some[some < len(cells.index)][:_CELLS]
            if len(kept):
                turn = roll(2.0 * np.pi * index / bank.rolls).T @ bank.virtual_from_object[view]
                rows, columns = np.divmod(cells.index[kept], FINE.side)
                laid.append(LaidView(cells.descriptors[kept] @ basis, rows, columns, turn))
    return laid


def other_turns(look: PoseLook, views: Sequence[LaidView], basis: NDArray[np.float32], most: int) -> list[Array]:
    """Poses camera_from_object (4, 4) of the object in a look's place, most alike first, at most `most`.

    They differ by 20 degrees or more from each other and from the look's own. views: `laid_views` in the same basis
    (D, d).
    """
    features = np.ascontiguousarray((look.features @ basis).T)
    wide = np.zeros((_CELLS, FINE.side + 2 * _BORDER, FINE.side + 2 * _BORDER), np.float32)
    around: NDArray[np.float32] = sliding_window_view(wide, (2 * _BORDER + 1,) * 2, axis=(1, 2))  # type: ignore[call-overload]
    laid = [_laid(view, features, wide, around) for view in views]
    chosen = [look.camera_from_object]
    for index in sorted(range(len(laid)), key=lambda index: -laid[index][0]):
        if len(chosen) > most:
            break
        pose = _pose(look, views[index].turn, *laid[index][1:])
        if all((np.sum(pose[:3, :3] * other[:3, :3]) - 1.0) / 2.0 < _APART for other in chosen):
            chosen.append(pose)
    return chosen[1:]


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


def _laid(
    view: LaidView, features: NDArray[np.float32], wide: NDArray[np.float32], around: NDArray[np.float32]
) -> tuple[float, int, int]:
    """How alike a view's cells and the look (d, n) are where they lie best, and the shift there, rows and columns.

    wide: room for the similarity of each cell, with a border of zeros that stay; around: its windows about each place.
    """
    count = len(view.rows)
    similarity = (view.descriptors @ features).reshape(-1, FINE.side, FINE.side)
    wide[:count, _BORDER:-_BORDER, _BORDER:-_BORDER] = similarity
    window = around[np.arange(count), view.rows, view.columns]
    # a cell may lie one beside its place
    window = np.maximum(np.maximum(window[:, :-2], window[:, 1:-1]), window[:, 2:])
    window = np.maximum(np.maximum(window[:, :, :-2], window[:, :, 1:-1]), window[:, :, 2:])
    means = window.mean(0)
    row, column = np.unravel_index(int(means.argmax()), means.shape)
    return float(means[row, column]), int(row) - _SHIFT, int(column) - _SHIFT


def _pose(look: PoseLook, virtual_from_object: Array, row: int, column: int) -> Array:
    """The object turned so (3, 3), as far away as in the look, its middle shifted by cells."""
    virtual, centre = look.virtual, look.bank.centre
    away = float(np.linalg.norm(transform(look.camera_from_object, centre)))
    ray = virtual.camera_from_virtual @ np.array([column * STRIDE, row * STRIDE, virtual.focal])
    pose = np.eye(4)
    pose[:3, :3] = virtual.camera_from_virtual @ virtual_from_object
    pose[:3, 3] = ray * (away / np.linalg.norm(ray)) - pose[:3, :3] @ centre
    return pose
