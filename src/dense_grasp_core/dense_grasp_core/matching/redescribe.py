"""Describes a store anew for another network, from the pictures that its keypoints were taught on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching import peaks
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.store import DescriptorStore, Entry, Row, StoreError
from dense_grasp_core.store.former import replace_descriptors
from dense_grasp_core.wording import some_of

#: px between the click and the place where the new descriptor is found in the same picture, at most.
TOLERANCE_PX = 10.0
_NAMED = 10


class RedescribeError(DenseGraspError):
    """A store that cannot be described anew as asked; nothing was changed."""


class NothingToDescribeError(RedescribeError):
    """The network described all that there is already."""


class WithoutPictureError(RedescribeError):
    """Keypoints that have no picture to describe."""


@dataclass(frozen=True)
class NewNetwork:
    """What describes: `describe` gives descriptors (h, w, D) of an image (H, W, 3) uint8 in RGB, every `stride` px.

    limits: when a match of it counts as found.
    """

    describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    model_id: str
    name: str
    stride: float
    limits: Limits


@dataclass
class Redescribed:
    """described: rows changed; run: number for undoing, 0 when nothing was changed.

    not_found: a sentence for each that the new network does not find in its own picture; it is described all the same.
    left: a sentence for each row that stays as it was.
    """

    described: int = 0
    run: int = 0
    not_found: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def redescribe(
    store: DescriptorStore,
    network: NewNetwork,
    skip_without_picture: bool = False,
    on_row: Callable[[str], None] = lambda name: None,
) -> Redescribed:
    """Every row that another network described gets its descriptor by `network`, all of them or none. Points of a
    scanned object stay as they are: they are found by its pose.

    on_row: told the name of each row as it is described. Raises NothingToDescribeError when there is no such row,
    WithoutPictureError for one without its picture unless these are skipped; StoreError.
    """
    entries = [entry for entry in store.every_sample() if entry.object_point is None]
    other = [entry for entry in entries if entry.model_id != network.model_id]
    if not other:
        held = f"all {len(entries)} keypoints are described by it" if entries else "it holds no keypoint"
        raise NothingToDescribeError(
            f"the store needs no description by {network.name} ({network.model_id}): {held}; name another network"
        )
    without = [_name(entry) for entry in other if not entry.picture_bytes]
    if without and not skip_without_picture:
        raise WithoutPictureError(
            f"{len(without)} of {len(other)} keypoints have no picture to describe: {some_of(without, _NAMED)}; teach "
            "them again with a graph of this version, delete them, or skip them (--skip-without-picture)"
        )
    result = Redescribed(left=[f"{name} has no picture" for name in without])
    changes: list[tuple[Row, NDArray[np.float32]]] = []
    last: tuple[bytes, DescriptorGrid] | None = None  # one picture may have been clicked for several keypoints in turn
    for entry in other:
        if not entry.picture_bytes:
            continue
        on_row(_name(entry))
        try:
            row, png = store.picture(entry.object_id, entry.keypoint, entry.sample)
            if last is None or last[0] != png:
                last = png, described_picture(row, png, network)[0]
        except (StoreError, RedescribeError) as error:
            result.left.append(str(error))
            continue
        vector = last[1].sample(row.u, row.v)
        lost = not_found_in_its_picture(last[1], vector, row, network.limits)
        if lost:
            result.not_found.append(lost)
        changes.append((row, vector))
    if changes:
        replaced = replace_descriptors(store, changes, network.model_id, network.name)
        result.described, result.run = replaced.rows, replaced.run
        result.left += [f"{name} was taught again, renamed or removed meanwhile" for name in replaced.passed_over]
    return result


def not_found_in_its_picture(grid: DescriptorGrid, vector: NDArray[np.float32], row: Row, limits: Limits) -> str:
    """Why its score does not find `vector` (D,) where it was clicked in its own picture; empty when it does."""
    peak = peaks.find(limits.score_image(grid, vector[None]), suppression_px=limits.suppression_px)
    assert peak is not None  # without a mask there is always one
    name = f"{_name(row)}, clicked at ({row.u:.0f}, {row.v:.0f}),"
    away = math.hypot(peak.u - row.u, peak.v - row.v)
    if away > TOLERANCE_PX:
        return (
            f"{name} is found at ({peak.u:.0f}, {peak.v:.0f}), {away:.0f} px away, expected at most {TOLERANCE_PX:g} px"
        )
    if not peak.score >= limits.found_threshold:
        return f"{name} has score {peak.score:.3f}, expected at least {limits.found_threshold:.3f}"
    if peak.second_peak_ratio > limits.ambiguity_ratio:
        return (
            f"{name} has a rival at ({peak.second_u:.0f}, {peak.second_v:.0f}) with {peak.second_peak_ratio:.3f} of "
            f"its score, expected at most {limits.ambiguity_ratio:.3f}"
        )
    return ""


def described_picture(row: Row, png: bytes, network: NewNetwork) -> tuple[DescriptorGrid, NDArray[np.uint8]]:
    """The descriptors of a stored picture, and the picture itself, (H, W, 3) RGB.

    Raises RedescribeError for one that is no image, or has not the size that the row's camera says.
    """
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    camera = row.camera
    if image is None or camera is None or image.shape[:2] != (camera.height, camera.width):
        found = "no image" if image is None else f"{image.shape[1]}x{image.shape[0]} px"
        size = "with a camera" if camera is None else f"{camera.width}x{camera.height} px as its camera says"
        raise RedescribeError(f"the picture of {_name(row)} is {found}, expected one {size}; teach it again")
    rgb = np.ascontiguousarray(image[..., ::-1], np.uint8)
    return DescriptorGrid.from_array(network.describe(rgb), network.stride, image.shape[:2]), rgb


def _name(row: Row | Entry) -> str:
    return f"{row.object_id}/{row.keypoint}" + (f" (sample {row.sample})" if row.sample else "")
