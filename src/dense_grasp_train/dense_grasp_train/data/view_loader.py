"""Generated views from disk into memory, in the form that training and evaluation use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_train.data.dataset import LoadedView, ViewDataset
from dense_grasp_train.data.views import View, cropped
from dense_grasp_train.evaluation.average_cap import places

FEWEST_PIXELS = 2000
_THREADS = 2


class LoadError(DenseGraspError):
    """A data set whose views cannot be used."""


def to_view(loaded: LoadedView) -> View | None:
    """The view for training; None when too little of the object is to be seen.

    Pixels without depth are taken off the mask. Without surface coordinates a place is the point in the object's frame
    and, as fourth coordinate, the object's number, so that two objects have no place in common.
    """
    mask = loaded.mask & (loaded.depth > 0) & np.isfinite(loaded.depth)
    if loaded.part is not None:
        mask &= loaded.part >= 0
    if mask.sum() < FEWEST_PIXELS:
        return None
    place = np.zeros((*mask.shape, 4))
    if loaded.part is not None and loaded.part_uv is not None:
        part = loaded.part
        place[mask] = places(part[mask], loaded.part_uv[mask])
    else:
        part = np.where(mask, 0, -1).astype(np.int8)
        v, u = np.nonzero(mask)
        points = loaded.camera.deproject(np.stack([u, v], 1), loaded.depth[mask])
        rotation, translation = loaded.camera_from_object[:3, :3], loaded.camera_from_object[:3, 3]
        place[mask, :3] = (points - translation) @ rotation
        place[mask, 3] = loaded.object_id
    return cropped(
        loaded.rgb,
        mask,
        loaded.depth,
        place,
        part,
        loaded.camera.matrix,
        loaded.camera_from_object,
        loaded.object_id,
    )


def load_views(
    root: str | Path,
    partial: bool = False,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[View]:
    """Read all usable views of a generated data set.

    partial: accept a set whose generation goes on. limit: at most so many. Raises DatasetError or LoadError.
    """
    dataset = ViewDataset(root, partial=partial)
    indices = range(len(dataset) if limit is None else min(limit, len(dataset)))
    views: list[View] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, view in enumerate(pool.map(lambda i: to_view(dataset[i]), indices), start=1):
            if view is not None:
                views.append(view)
            if progress is not None:
                progress(done, len(indices))
    if not views:
        raise LoadError(f"{root} has no view with {FEWEST_PIXELS} pixels of the object, expected at least one")
    return views
