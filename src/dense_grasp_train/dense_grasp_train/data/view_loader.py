"""Generated views from disk into memory, in the form that training and evaluation use."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.wording import some_of
from numpy.typing import NDArray

from dense_grasp_train.data.bop_layout import UNKNOWN_SYMMETRIES
from dense_grasp_train.data.dataset import LoadedView, ViewDataset, ViewKey
from dense_grasp_train.data.view_memory import bytes_of, check_memory
from dense_grasp_train.data.views import View, cropped
from dense_grasp_train.evaluation.average_cap import places

FEWEST_PIXELS = 2000
_THREADS = 2
_SAMPLE = 6
Item = TypeVar("Item")


class LoadError(DenseGraspError):
    """A data set whose views cannot be used."""


@dataclass
class LeftOut:
    """Views that are not used, by reason: small, whose object is too small; blind, that lack depth on it; symmetric."""

    small: list[ViewKey] = field(default_factory=list)
    blind: list[ViewKey] = field(default_factory=list)
    symmetric: dict[int, int] = field(default_factory=dict)

    def sentences(self, root: str | Path, total: int) -> list[str]:
        """One sentence for each reason that there is; total: number of views that were read."""
        reasons = (
            (self.small, f"show fewer than {FEWEST_PIXELS} pixels of the object: come closer or take larger pictures"),
            (
                self.blind,
                f"have depth on fewer than {FEWEST_PIXELS} pixels of the object, which shows more: see whether "
                "the depth is aligned to the colour",
            ),
        )
        said = [
            f"{root}: {len(keys)} of {total} views are left out, they {why} ({_listed(keys)})"
            for keys, why in reasons
            if keys
        ]
        if self.symmetric:
            objects = ", ".join(map(str, sorted(self.symmetric)))
            said.append(f"{root}: {sum(self.symmetric.values())} views are left out, of symmetric objects ({objects})")
        return said


def _listed(keys: list[ViewKey]) -> str:
    return some_of(f"scene {key.scene} image {key.image}" for key in keys)


def to_view(loaded: LoadedView) -> View | None:
    """The view for training; None when too little of the object is to be seen.

    Pixels without depth are taken off the mask. Without surface coordinates a place is the point in the object's frame
    and, as fourth coordinate, the object's number, so that two objects have no place in common.
    """
    mask = usable_pixels(loaded)
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
        loaded.rendered,
    )


def usable_pixels(loaded: LoadedView) -> NDArray[np.bool_]:
    """Pixels (H, W) of the object that have a depth and, where the data set has them, surface coordinates."""
    mask = loaded.mask & (loaded.depth > 0) & np.isfinite(loaded.depth)
    return mask if loaded.part is None else mask & (loaded.part >= 0)


def load_views(
    root: str | Path,
    partial: bool = False,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    sensor: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> list[View]:
    """Read all usable views of a generated data set, or of the scenes of a BOP set; views of an image share it.

    partial: accept a set whose generation goes on. limit: at most so many, evenly spread over the set. sensor: whose
    pictures, of a set that has several. say: is told which views are left out, and why. Raises DatasetError, LoadError,
    or MemoryLackError before anything is loaded that would not fit into memory.
    """
    dataset = ViewDataset(root, partial=partial, sensor=sensor)
    images = _by_image(dataset.keys)
    if limit is not None and limit < len(dataset):  # whole images, whose views share a picture
        chosen = _spread(images, -(-limit * len(images) // len(dataset)))
        images = _by_image(_spread([key for image in chosen for key in image], limit))
    count = sum(map(len, images))
    sample = [_views_of(dataset, image)[0] for image in _spread(images, _SAMPLE)]
    needed = bytes_of([view for views in sample for view in views]) * len(images) / len(sample)
    check_memory(Path(root), needed, len(images), count)
    views: list[View] = []
    left_out = LeftOut(symmetric=dataset.symmetric)
    done = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for image, (found, small, blind) in zip(images, pool.map(lambda i: _views_of(dataset, i), images), strict=True):
            views += found
            left_out.small += small
            left_out.blind += blind
            done += len(image)
            if progress is not None:
                progress(done, count)
    for sentence in left_out.sentences(root, count):
        say(sentence)
    if dataset.manifest["source"] == "bop" and not dataset.models_infos:
        say(UNKNOWN_SYMMETRIES.format(dataset.root.parent))
    if not views:
        raise LoadError(
            f"{root} has no view with {FEWEST_PIXELS} pixels of the object that have a depth, expected at least one"
        )
    return views


def _views_of(dataset: ViewDataset, image: list[ViewKey]) -> tuple[list[View], list[ViewKey], list[ViewKey]]:
    """The usable views of an image, and those that are too small or lack depth."""
    views: list[View] = []
    small: list[ViewKey] = []
    blind: list[ViewKey] = []
    rgbd = dataset.rgbd(image[0])
    for key in image:
        loaded = dataset.load(key, rgbd)
        view = to_view(loaded)
        if view is not None:
            views.append(view)
        else:
            (small if loaded.mask.sum() < FEWEST_PIXELS else blind).append(key)
    return views, small, blind


def _by_image(keys: list[ViewKey]) -> list[list[ViewKey]]:
    return [list(group) for _, group in itertools.groupby(keys, key=lambda key: (key.scene, key.image))]


def _spread(items: list[Item], count: int) -> list[Item]:
    """At most `count` of the items, evenly spread over them."""
    if count >= len(items):
        return items
    return [items[index] for index in np.linspace(0, len(items) - 1, count).round().astype(int)]
