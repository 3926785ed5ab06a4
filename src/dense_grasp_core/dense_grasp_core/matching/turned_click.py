"""A click that is found in a picture which is turned in its plane: described once in several turns of its own picture.

Features of photographs are not the same after a turn. The most similar of all turns finds a turned point about as often
as the true turn does not: 15 wrong turns have 15 chances to be like something else. So what lies around the click votes
for the turn first, each place by its most similar cell anywhere in the picture, and only the click's descriptor in that
turn is looked for. One run of the network per searched picture, as before; figures: docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, MatchingError

Float32 = NDArray[np.float32]
Describe = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
TURNS = 16
SIDE = 384
"""Of the square part of the picture that is described, px: a network sees some 150 px around a cell."""
_REACH = 64.0  # px around the click of the places that vote
_PLACES = 24
_FEWEST_PLACES = 4


@dataclass(frozen=True)
class TurnedClick:
    """descriptors (K, D) of a click in K turns of its picture; around (K, n, D) of the same n places around it."""

    descriptors: Float32
    around: Float32

    def turn_in(self, features: NDArray[np.floating]) -> int:
        """The turn, 0 to K - 1, of which a picture's cells (h, w, D) hold what lies around the click."""
        turns, places, dimension = self.around.shape
        if features.shape[-1] != dimension:
            raise MatchingError(f"descriptors have length {features.shape[-1]}, expected {dimension}")
        cells = np.asarray(features, np.float32).reshape(-1, dimension)
        around = self.around.reshape(-1, dimension)
        # |a|^2 is all that is missing of the squared distance, and is added after the minimum.
        nearest = (np.einsum("nd,nd->n", cells, cells) - 2.0 * (around @ cells.T)).min(1)
        distance = nearest + np.einsum("nd,nd->n", around, around)
        return int(distance.reshape(turns, places).mean(1).argmin())

    def descriptor_in(self, grid: DescriptorGrid) -> Float32:
        """Descriptor (D,) of the click as it looks in the picture of a grid."""
        return np.asarray(self.descriptors[self.turn_in(grid.features)])


def describe_turned(
    rgb: NDArray[np.uint8], pixel: tuple[float, float], describe: Describe, stride: float, turns: int = TURNS
) -> TurnedClick:
    """A click (u, v) on a picture (H, W, 3) in evenly spaced turns, the first one not turned.

    describe: descriptors (h, w, D) of a picture, every ``stride`` px; it is called once a turn, always for one size.
    Raises MatchingError for a pixel outside, and for less than one turn.
    """
    height, width = rgb.shape[:2]
    u, v = pixel
    if not (-0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5):
        raise MatchingError(f"pixel ({u}, {v}) is outside the picture of {width}x{height} px")
    if turns < 1:
        raise MatchingError(f"turns is {turns}, expected 1 or more")
    places = _places()
    seen = places + np.array([u, v])
    places = places[((seen >= 0) & (seen <= [width - 1, height - 1])).all(1)]
    if len(places) < _FEWEST_PLACES:
        places = np.zeros((1, 2))
    descriptors, around = [], []
    middle = (SIDE - 1) / 2.0
    for angle in 2.0 * np.pi * np.arange(turns) / turns:
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        motion = np.concatenate([rotation, (middle - rotation @ [u, v])[:, None]], 1)
        part = cv2.warpAffine(rgb, motion, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        grid = DescriptorGrid.from_array(describe(np.asarray(part, np.uint8)), stride, (SIDE, SIDE))
        descriptors.append(grid.sample(middle, middle))
        around.append(grid.samples(places @ rotation.T + middle))
    return TurnedClick(np.stack(descriptors), np.stack(around))


def _places() -> NDArray[np.float64]:
    """Offsets (n, 2), px, spread evenly over a disc (a sunflower's seeds), the first near its middle."""
    index = np.arange(_PLACES) + 0.5
    away, angle = _REACH * np.sqrt(index / _PLACES), np.pi * (1.0 + np.sqrt(5.0)) * index
    return np.stack([away * np.cos(angle), away * np.sin(angle)], 1)
