"""One click on pictures that are turned by any angle: ``evaluate --pictures … --turned``.

Beside the click as it was taught stand the ways to look for it in all turns: the click described in turns of its own
picture, by the most similar of them or by `dense_grasp_core.matching.turned_click`, as query_node does with `turns`,
and the searched picture described in turns, a run of the network each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.turned_click import TURNS, TurnedClick, describe_turned
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.turned import angles, moved, turned_picture

Array = NDArray[np.float64]
WITHIN_PX = 10.0
POINTS = 10
"""Of a pair: a click takes as many runs of the network as it has turns."""
PASSES = 8
_MOST_PAIRS = 10_000
ONE, ALIKE, VOTED, OF_THE_PICTURE = (
    "as it was taught",
    f"in {TURNS} turns, the most similar",
    f"in {TURNS} turns, what is around it votes",
    f"the picture in {PASSES} turns, the most similar",
)
RUNS = {ONE: (1, 1), ALIKE: (TURNS, 1), VOTED: (TURNS, 1), OF_THE_PICTURE: (1, PASSES)}
"""Of the network: for a click, for a picture that is searched."""


@dataclass
class TurnedFigures:
    """Errors, px at 640 px width, of a way in pictures as they are and in the same pictures turned; seconds from a
    picture as it is to where one click is found in it.
    """

    as_it_is: list[float] = field(default_factory=list)
    turned: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def shares(self) -> tuple[float, float]:
        """Within 10 px: as they are, turned. The former is NaN for a way that was only tried on turned ones."""
        as_it_is, turned = (np.array(errors) <= WITHIN_PX for errors in (self.as_it_is, self.turned))
        return float(as_it_is.mean()) if len(as_it_is) else float("nan"), float(turned.mean())


def measure_turned(
    extractor: DescriptorExtractor, sets: Mapping[str, Iterable[TestPair]], advance: Callable[[], None]
) -> dict[str, dict[str, TurnedFigures]]:
    """Every way on the first points of every pair, by a network."""
    found: dict[str, dict[str, TurnedFigures]] = {}
    drawn = iter(angles(_MOST_PAIRS))  # another one for each pair, whatever its set
    for name, pairs in sets.items():
        figures = found[name] = {way: TurnedFigures() for way in RUNS}
        for pair in pairs:
            _measure_pair(extractor, pair, float(next(drawn)), figures)
            advance()
    return found


def _measure_pair(
    extractor: DescriptorExtractor, pair: TestPair, angle: float, figures: dict[str, TurnedFigures]
) -> None:
    def grid_of(image: NDArray[np.uint8]) -> DescriptorGrid:
        return DescriptorGrid.from_array(extractor(image), extractor.stride, image.shape[:2])

    grid_a = grid_of(pair.image_a)
    grid_of(pair.image_b)  # compiles the network for its size
    began = time.perf_counter()
    grid_b = grid_of(pair.image_b)
    described = time.perf_counter() - began
    image_t, motion = turned_picture(pair.image_b, angle)
    grid_t, back = grid_of(image_t), _inverse(motion)
    passes = []
    for turn in 2.0 * np.pi * np.arange(PASSES) / PASSES:
        image, to_image = turned_picture(pair.image_b, angle + turn)
        passes.append((grid_of(image), _inverse(to_image)))
    for pixel_a, pixel_b in zip(pair.pixels_a[:POINTS], pair.pixels_b[:POINTS], strict=True):
        plain = grid_a.sample(*pixel_a)
        click = describe_turned(pair.image_a, tuple(pixel_a), extractor, extractor.stride)

        def looked_for(way: str, grid: DescriptorGrid, plain: NDArray = plain, click: TurnedClick = click) -> Array:
            if way == VOTED:
                return np.array(grid.nearest(click.descriptor_in(grid)), float)
            return _most_similar([grid], click.descriptors if way == ALIKE else plain[None])[0]

        for way in (ONE, ALIKE, VOTED):
            began = time.perf_counter()
            at = looked_for(way, grid_b)
            figures[way].seconds.append(described + time.perf_counter() - began)
            figures[way].as_it_is.append(float(np.linalg.norm(at - pixel_b) * pair.pixel_scale))
            at = moved(back, looked_for(way, grid_t)[None])[0]
            figures[way].turned.append(float(np.linalg.norm(at - pixel_b) * pair.pixel_scale))
        began = time.perf_counter()
        at, index = _most_similar([grid for grid, _ in passes], plain[None])
        figures[OF_THE_PICTURE].seconds.append(PASSES * described + time.perf_counter() - began)
        at = moved(passes[index][1], at[None])[0]
        figures[OF_THE_PICTURE].turned.append(float(np.linalg.norm(at - pixel_b) * pair.pixel_scale))


def _most_similar(grids: list[DescriptorGrid], descriptors: NDArray) -> tuple[Array, int]:
    """Pixel (2,) of the grids that is nearest to any of the descriptors (K, D), and in which grid."""
    best = (np.inf, np.zeros(2), 0)
    for index, grid in enumerate(grids):
        cells = grid.features.reshape(-1, grid.dimension)
        distance = (cells**2).sum(1)[None] - 2.0 * (descriptors @ cells.T) + (descriptors**2).sum(1)[:, None]
        row = int(distance.min(1).argmin())
        if distance[row].min() < best[0]:
            best = (float(distance[row].min()), descriptors[row], index)
    return np.array(grids[best[2]].nearest(best[1]), float), best[2]


def _inverse(motion: Array) -> Array:
    rotation = np.linalg.inv(motion[:, :2])
    return np.concatenate([rotation, (-rotation @ motion[:, 2])[:, None]], 1)


def turned_markdown(found: dict[str, dict[str, TurnedFigures]]) -> str:
    """A table of all sets and ways, and of all sets together: their mean share."""
    lines = [
        "| set (n) | the click | ≤ 10 px, not turned | turned by any angle | of the click as taught, not turned "
        "| runs a click / a picture | Hz |",
        "|---|---|---|---|---|---|---|",
    ]
    shares = {way: np.array([figures[way].shares() for figures in found.values()]) for way in RUNS}
    counts = [len(figures[ONE].turned) for figures in found.values()]
    names = [f"{name} ({count})" for name, count in zip(found, counts, strict=True)]
    for row, name in enumerate([*names, f"mean of the sets ({sum(counts)})"]):
        for way, (for_click, for_picture) in RUNS.items():
            as_it_is, turned = shares[way][row] if row < len(names) else shares[way].mean(0)
            reference = shares[ONE][row, 0] if row < len(names) else shares[ONE][:, 0].mean()
            each = [second for figures in found.values() for second in figures[way].seconds]
            kept = "-" if reference == 0 else f"{turned / reference:.2f}"
            upright = "-" if np.isnan(as_it_is) else f"{as_it_is:.1%}"
            lines.append(
                f"| {name} | {way} | {upright} | {turned:.1%} | {kept} | {for_click} / {for_picture} | "
                f"{1.0 / np.median(each):.1f} |"
            )
    return "\n".join(lines) + "\n"
