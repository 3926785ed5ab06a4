"""What ``evaluate --pictures FOLDER --across-gap`` prints, writes and draws."""

from __future__ import annotations

import argparse
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from numpy.typing import NDArray
from rich.progress import Progress

from dense_grasp_train.evaluation import controls
from dense_grasp_train.evaluation.across_gap import (
    CAPS,
    Photograph,
    Question,
    TaughtPicture,
    measure_across,
    photographs_of,
    questions_of,
    taught_pictures,
)
from dense_grasp_train.evaluation.marked_points import MarkedPoint
from dense_grasp_train.evaluation.picture_options import networks
from dense_grasp_train.evaluation.predictors import Prediction, Predictor, network_predictor, untrained_extractor

Array = NDArray[np.float64]
WITHIN_PX = 20.0
NEAR_DEG = 45.0
_TILE = 320
_TILES_A_ROW = 6
_RED, _GREEN = (255, 40, 40), (60, 255, 60)


def measure_gap(
    options: argparse.Namespace, general: DescriptorExtractor, progress: Progress
) -> tuple[list[str], dict[str, Any]]:
    """Measure the rows that the options name and draw `across_gap.png`; returns tables and what pictures.json says."""
    points, pictures, camera, residual = photographs_of(options.pictures, options.across_gap)
    task = progress.add_task("rendered caps", total=len(CAPS))
    taught = taught_pictures(points, pictures, camera, lambda: progress.advance(task))
    asked = questions_of(taught, pictures)
    questions = [question for _, group in asked for question in group]
    task = progress.add_task("across the gap", total=len(asked))
    errors = measure_across(_rows(options, general, len(pictures) + len(taught)), asked, lambda: progress.advance(task))
    cv2.imwrite(str(options.out / "across_gap.png"), marks_sheet(taught, pictures)[..., ::-1])
    clicks = sum(len(picture.points) for picture in taught)
    text = (
        f"{across_markdown(points, questions, errors)}\n{clicks} clicks on {len(CAPS)} rendered caps, {len(pictures)} "
        f"photographs; the marks of the real cap lie {1000 * residual:.0f} mm (RMS) from the same points of the "
        "average parametric cap.\n"
    )
    content = {
        "points": [point.name for point in points],
        "questions": [[q.cap, q.point, round(q.angle, 1)] for q in questions],
        "errors": {row: [round(float(e), 2) for e in values] for row, values in errors.items()},
    }
    return [text], {"across_gap": content}


def _rows(options: argparse.Namespace, general: DescriptorExtractor, pictures: int) -> dict[str, Predictor]:
    """Networks and controls by the name of their row."""
    rows = {name: network_predictor(extractor, pictures) for name, extractor in networks(options, general).items()}
    if options.no_controls:
        return rows
    return rows | {
        "random network": network_predictor(untrained_extractor(general.info), pictures),
        "middle of the cap, which it is told": lambda pair, _: Prediction(
            controls.mask_centroid(pair.mask_b, len(pair.pixels_a))
        ),
    }


def across_markdown(points: list[MarkedPoint], questions: list[Question], errors: dict[str, Array]) -> str:
    """Share within 20 px of each point and of all, its standard deviation over the caps, and that of near views."""
    number, cap = np.array([q.point for q in questions]), np.array([q.cap for q in questions])
    near = np.array([q.angle for q in questions]) <= NEAR_DEG
    head = [
        f"taught on rendered caps, found on the real one, within {WITHIN_PX:g} px (n)",
        *(f"{point.name} ({np.count_nonzero(number == index)})" for index, point in enumerate(points)),
        f"**all ({len(questions)})**",
        "± over the caps",
        f"views within {NEAR_DEG:g}° ({np.count_nonzero(near)})",
        "median px",
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row, values in errors.items():
        right = values <= WITHIN_PX
        of_caps = [float(right[cap == one].mean()) for one in sorted(set(cap))]
        cells = [_share(right[number == index]) for index in range(len(points))]
        cells += [f"**{_share(right)}**", f"{100 * np.std(of_caps):.1f}", _share(right[near])]
        lines.append(f"| {row} | " + " | ".join([*cells, f"{np.median(values):.1f}"]) + " |")
    return "\n".join(lines) + "\n"


def marks_sheet(taught: list[TaughtPicture], pictures: list[Photograph]) -> NDArray[np.uint8]:
    """The photographs with the points that they show, then the rendered caps with their clicks, numbered as marked."""
    tiles = [_tile(p.image, p.pixels[p.seen], np.flatnonzero(p.seen), p.name, _GREEN) for p in pictures]
    tiles += [_tile(p.image, p.pixels, p.points, f"cap {p.cap}", _RED) for p in taught]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _TILES_A_ROW)
    rows = [np.concatenate(tiles[i : i + _TILES_A_ROW], 1) for i in range(0, len(tiles), _TILES_A_ROW)]
    return np.concatenate(rows, 0)


def _tile(
    image: NDArray[np.uint8], pixels: Array, numbers: NDArray[np.int64], name: str, colour: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """What lies around the points of a picture, twice as large, and brighter: caps may be black."""
    height, width = image.shape[:2]
    middle = pixels.mean(0) if len(pixels) else np.array([width / 2, height / 2])
    side = _TILE / 2
    left, top = np.rint(middle - side / 2)
    shift = np.array([[2.0, 0.0, -2.0 * left], [0.0, 2.0, -2.0 * top]])
    brighter = (255.0 * (image / 255.0) ** 0.5).astype(np.uint8)
    tile = cv2.warpAffine(brighter, shift, (_TILE, _TILE), flags=cv2.INTER_LINEAR)
    for number, (u, v) in zip(numbers, 2.0 * (pixels - [left, top]), strict=True):
        cv2.drawMarker(tile, (round(u), round(v)), colour, cv2.MARKER_CROSS, 9, 1, cv2.LINE_AA)
        place = (round(u) + 4, round(v) - 4)
        cv2.putText(tile, str(number + 1), place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
    cv2.putText(tile, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 0), 1, cv2.LINE_AA)
    return tile.astype(np.uint8)


def _share(right: NDArray[np.bool_]) -> str:
    return f"{right.mean():.1%}" if len(right) else "-"
