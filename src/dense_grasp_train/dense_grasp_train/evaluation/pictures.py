"""Measure on real photographs: ``ros2 run dense_grasp_train evaluate --pictures FOLDER``.

FOLDER holds pairs.json (sets of pairs {a, b, pixels_a, pixels_b}: paths of two pictures and matches (u, v) at 640 px
width) and scans <room>/<object> in the layout of `dense_grasp_core.object_model.scan`; an object that stands in two
rooms is learnt in the first one and found in the other, by one click and by its pose. Figures are published, the
pictures are not.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.header_writer import record_trials
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, turn_towards
from numpy.typing import NDArray
from rich.progress import Progress

from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.evaluation import controls
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.moved_object import (
    MovedPicture,
    blanked,
    load_scan_pair,
    measure_moved,
    moved_markdown,
    scan_pairs,
)
from dense_grasp_train.evaluation.picture_pairs import measure_pairs, measure_sets, pairs_markdown, read_pairs
from dense_grasp_train.evaluation.predictors import Prediction, Predictor, network_predictor, untrained_extractor
from dense_grasp_train.evaluation.real_pictures import clicks_of, trial
from dense_grasp_train.evaluation.scan_truth import compared, in_the_frame_of, named_as_before
from dense_grasp_train.training.model_card import add_trials

GENERAL = Path("models/general.xml")
_TILE = 256
_TILES_A_ROW = 8


def measure_pictures(options: argparse.Namespace) -> int:
    """Run what the options ask for and write pictures.md, pictures.json and pictures.png; returns the exit status."""
    started = time.monotonic()
    folder, most = options.pictures, options.pairs
    if options.pose_seeds < 1:
        raise EvaluationError(f"--pose-seeds is {options.pose_seeds}, expected 1 or more")
    sets = read_pairs(folder, most) if (folder / "pairs.json").is_file() else {}
    moved = scan_pairs(folder)
    if not sets and not moved:
        raise EvaluationError(
            f"{folder} has neither pairs.json nor an object scanned in two rooms, expected one of them"
        )
    general = DescriptorExtractor(options.general)
    options.out.mkdir(parents=True, exist_ok=True)
    parts: list[str] = []
    content: dict[str, Any] = {}
    with Progress() as progress:
        if not options.no_pairs:
            clicks = {f"{_named(pair, folder)}, one click": clicks_of(pair, most) for pair in moved}
            task = progress.add_task("pairs", total=sum(map(len, sets.values())) + sum(map(len, clicks.values())))
            rows = _rows(options, general)
            figures = measure_pairs(rows, folder, sets, lambda: progress.advance(task))
            figures |= measure_sets(rows, clicks, lambda: progress.advance(task))
            parts.append(pairs_markdown(figures))
            if options.card:
                own = options.model[0]
                found = [trial(name, by_row[own.stem].errors) for name, by_row in figures.items()]
                add_trials(own.with_suffix(".md"), record_trials(own, found))
            content["pairs"] = {
                name: {row: [round(float(e), 2) for e in f.errors] for row, f in by_row.items()}
                for name, by_row in figures.items()
            }
        results: dict[str, list[MovedPicture]] = {}
        for pair in moved:
            bank, test = load_scan_pair(pair)
            name = _named(pair, folder)
            if options.bank is not None:
                own = named_as_before(options.bank)
                parts.append(compared(own, bank).markdown(options.bank.name))
                bank = in_the_frame_of(own, bank)
                name = f"{options.bank.name} → {pair[1].relative_to(folder)}"
            runs = {name: test} | ({f"{name}, off the object grey": blanked(test)} if options.blank else {})
            for run, views in runs.items():
                for seed in range(options.pose_seeds):
                    row = run if options.pose_seeds == 1 else f"{run}, seed {seed}"
                    task = progress.add_task(row, total=len(views) + 1)
                    results[row] = measure_moved(bank, views, general, partial(progress.advance, task), seed)
        if results:
            parts.append(moved_markdown(results))
            sheet = contact_sheet(next(iter(results.values())))
            cv2.imwrite(str(options.out / "pictures.png"), sheet[..., ::-1])
            content["moved"] = {
                run: [
                    {"picture": p.view.name, "median_px": _median(p), "angle_deg": round(p.angle, 1), "s": p.seconds}
                    for p in pictures
                ]
                for run, pictures in results.items()
            }
    text = "\n".join(parts)
    write_whole(options.out / "pictures.md", text.encode())
    write_whole(options.out / "pictures.json", json.dumps(content, indent=1).encode())
    print(text)
    print(f"{options.out}/pictures.md, pictures.json, pictures.png; {time.monotonic() - started:.0f} s")
    return 0


def contact_sheet(pictures: list[MovedPicture]) -> NDArray[np.uint8]:
    """Every picture around its object, with points of the object where the found pose puts them (green), and where they
    are (red).
    """
    tiles = [_tile(picture) for picture in pictures]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _TILES_A_ROW)
    rows = [np.concatenate(tiles[i : i + _TILES_A_ROW], 1) for i in range(0, len(tiles), _TILES_A_ROW)]
    return np.concatenate(rows, 0)


def _tile(picture: MovedPicture) -> NDArray[np.uint8]:
    view = picture.view
    pixels = view.surface_pixels()
    pixels = pixels[np.random.default_rng(0).integers(0, len(pixels), 40)]
    points_camera = view.camera.deproject(pixels, view.depth[pixels[:, 1], pixels[:, 0]])
    centre = points_camera.mean(0)
    radius = np.linalg.norm(points_camera - centre, axis=1).max()
    look = LookAt(turn_towards(centre), 0.4 * _TILE * float(np.linalg.norm(centre) / radius), _TILE)
    tile = PicturePyramid(view.rgb, view.camera).look(look).copy()
    _dots(tile, look.project(points_camera @ look.camera_from_virtual), (255, 0, 0))
    if picture.pose is not None:
        found = picture.pose.camera_from_object
        points = transform(found, view.points(pixels))
        _dots(tile, look.project(points @ look.camera_from_virtual), (0, 255, 0))
    label = f"{view.name} {_median(picture):.1f} px {picture.angle:.0f} deg"
    cv2.putText(tile, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def _dots(tile: NDArray[np.uint8], pixels: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    for u, v in np.nan_to_num(pixels, nan=-9.0):
        if abs(u) < 2 * _TILE and abs(v) < 2 * _TILE:
            cv2.circle(tile, (round(u), round(v)), 2, colour, -1, cv2.LINE_AA)


def _named(pair: tuple[Path, Path], folder: Path) -> str:
    return " → ".join(str(scan.relative_to(folder)) for scan in pair)


def _median(picture: MovedPicture) -> float:
    return round(float(np.median(picture.errors)), 2)


def _rows(options: argparse.Namespace, general: DescriptorExtractor) -> dict[str, Predictor]:
    """Networks and controls by the name of their row."""
    rows = {file.stem: network_predictor(DescriptorExtractor(file)) for file in options.model}
    rows["general (EfficientNet-Lite0, frozen)"] = network_predictor(general)
    if options.no_controls:
        return rows
    return rows | {
        "random network": network_predictor(untrained_extractor(general.info)),
        "colour patch 9x9": lambda pair, _: Prediction(controls.rgb_patch(pair.image_a, pair.image_b, pair.pixels_a)),
        "same pixel": lambda pair, _: Prediction(controls.same_pixel(pair.pixels_a)),
        "centroid of the true points": lambda pair, _: Prediction(
            np.tile(pair.pixels_b.mean(0), (len(pair.pixels_a), 1))
        ),
    }
