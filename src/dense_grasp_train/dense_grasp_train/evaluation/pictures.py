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
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.header_writer import record_trials
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.look_at import LookAt, PicturePyramid, turn_towards
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.view_bank import build
from numpy.typing import NDArray
from rich.progress import Progress

from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.evaluation import controls
from dense_grasp_train.evaluation.across_gap_table import measure_gap
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.moved_object import (
    MovedPicture,
    blanked,
    load_scan_pair,
    measure_moved,
    moved_markdown,
    scan_pairs,
)
from dense_grasp_train.evaluation.picture_options import check_picture_options, networks
from dense_grasp_train.evaluation.picture_pairs import (
    load_pair,
    measure_pairs,
    measure_sets,
    pairs_markdown,
    read_pairs,
)
from dense_grasp_train.evaluation.points_alone import PointsAlone, alone_markdown, measure_points_alone
from dense_grasp_train.evaluation.predictors import Prediction, Predictor, network_predictor, untrained_extractor
from dense_grasp_train.evaluation.presence import presence_markdown, there_markdown
from dense_grasp_train.evaluation.presence_sources import measure_presence
from dense_grasp_train.evaluation.real_pictures import clicks_of, trial
from dense_grasp_train.evaluation.scan_truth import compared, in_the_frame_of, named_as_before
from dense_grasp_train.evaluation.tag_board import without_board
from dense_grasp_train.evaluation.turned import angles, turned_view
from dense_grasp_train.evaluation.turned_clicks import measure_turned, turned_markdown
from dense_grasp_train.training.model_card import add_trials

_TILE = 256
_TILES_A_ROW = 8
Measured = tuple[list[str], dict[str, Any]]
"""Tables, and what pictures.json says."""


def measure_pictures(options: argparse.Namespace) -> int:
    """Run what the options ask for and write pictures.md, pictures.json and pictures.png; returns the exit status."""
    started = time.monotonic()
    check_picture_options(options)
    folder = options.pictures
    sets = read_pairs(folder, options.pairs) if (folder / "pairs.json").is_file() else {}
    moved = scan_pairs(folder)
    if not any((sets, moved, options.without, options.siblings, options.across_gap)):
        raise EvaluationError(
            f"{folder} has neither pairs.json nor an object scanned in two rooms, expected one of them"
        )
    general = DescriptorExtractor(options.general)
    options.out.mkdir(parents=True, exist_ok=True)
    measured: list[Measured] = []
    with Progress() as progress:
        if not options.no_pairs:
            measured.append(_measure_clicks(options, general, sets, moved, progress))
        if moved and not options.no_moved:
            measured.append(_measure_moved(options, general, moved, progress))
        if options.across_gap:
            measured.append(measure_gap(options, general, progress))
        if options.without or options.siblings:
            measured.append(_measure_presence(options, general, progress))
    text = "\n".join(table for tables, _ in measured for table in tables)
    content = {key: value for _, part in measured for key, value in part.items()}
    write_whole(options.out / "pictures.md", text.encode())
    write_whole(options.out / "pictures.json", json.dumps(content, indent=1).encode())
    print(text)
    print(f"{options.out}/pictures.md, pictures.json, pictures.png; {time.monotonic() - started:.0f} s")
    return 0


def _measure_clicks(
    options: argparse.Namespace,
    general: DescriptorExtractor,
    sets: dict[str, list[dict]],
    moved: list[tuple[Path, Path]],
    progress: Progress,
) -> Measured:
    folder = options.pictures
    clicks = {f"{_named(pair, folder)}, one click": clicks_of(pair, options.pairs) for pair in moved}
    total = sum(map(len, sets.values())) + sum(map(len, clicks.values()))
    rows = _rows(options, general)
    task = progress.add_task("pairs", total=total)
    figures = measure_pairs(rows, folder, sets, lambda: progress.advance(task))
    figures |= measure_sets(rows, clicks, lambda: progress.advance(task))
    if options.card:
        for own in options.model:
            found = [trial(name, by_row[own.stem].errors) for name, by_row in figures.items()]
            add_trials(own.with_suffix(".md"), record_trials(own, found))
    errors = {
        name: {row: [round(float(e), 2) for e in f.errors] for row, f in by_row.items()}
        for name, by_row in figures.items()
    }
    parts = [pairs_markdown(figures)]
    if options.turned:
        task = progress.add_task("turned pairs", total=total)
        every = {name: [load_pair(folder, pair) for pair in pairs] for name, pairs in sets.items()} | clicks
        turned = measure_turned(general, every, lambda: progress.advance(task))
        parts.append(turned_markdown(turned))
        errors_turned = {name: {way: asdict(f) for way, f in by_way.items()} for name, by_way in turned.items()}
        return parts, {"pairs": errors, "turned": errors_turned}
    return parts, {"pairs": errors}


def _measure_moved(
    options: argparse.Namespace,
    general: DescriptorExtractor,
    moved: list[tuple[Path, Path]],
    progress: Progress,
) -> Measured:
    parts: list[str] = []
    results: dict[str, list[MovedPicture]] = {}
    alone: dict[str, PointsAlone] = {}
    for pair in moved:
        scan, test = load_scan_pair(pair)
        name = _named(pair, options.pictures)
        if options.bank is not None:
            own = named_as_before(options.bank)
            parts.append(compared(own, scan).markdown(options.bank.name))
            scan = in_the_frame_of(own, scan)
            name = f"{options.bank.name} → {pair[1].relative_to(options.pictures)}"
        bank = build(scan, general)
        if options.alone:
            task = progress.add_task(f"{name}, each point alone", total=len(test))
            alone[name] = measure_points_alone(bank, test, general, partial(progress.advance, task))
        for run, made in _runs(options, name, test).items():
            views = made()
            for seed in range(options.pose_seeds):
                row = run if options.pose_seeds == 1 else f"{run}, seed {seed}"
                task = progress.add_task(row, total=len(test))
                results[row] = measure_moved(bank, views, general, partial(progress.advance, task), seed)
    sheets = np.concatenate([contact_sheet(pictures) for pictures in results.values()])
    cv2.imwrite(str(options.out / "pictures.png"), sheets[..., ::-1])
    figures = {
        run: [
            {
                "picture": p.view.name,
                "median_px": _median(p),
                "angle_deg": round(p.angle, 1),
                "s": p.seconds,
                "runs": p.runs,
            }
            for p in pictures
        ]
        for run, pictures in results.items()
    }
    if alone:
        parts.append(alone_markdown(alone))
    return [*parts, moved_markdown(results)], {"moved": figures}


def _runs(options: argparse.Namespace, name: str, test: list[ScanView]) -> dict[str, Callable[[], list[ScanView]]]:
    """What each run looks at, made when its turn comes."""
    runs: dict[str, Callable[[], list[ScanView]]] = {name: lambda: test}
    blank = options.blank or ()
    if "surroundings" in blank:
        runs[f"{name}, off the object grey"] = lambda: blanked(test)
    if "board" in blank:
        runs[f"{name}, board of tags grey"] = lambda: without_board(test)
    if options.turned:
        runs[f"{name}, turned"] = lambda: [
            turned_view(view, angle) for view, angle in zip(test, angles(len(test)), strict=True)
        ]
    return runs


def _measure_presence(
    options: argparse.Namespace,
    general: DescriptorExtractor,
    progress: Progress,
) -> Measured:
    def begin(name: str, pictures: int) -> Callable[[], None]:
        task = progress.add_task(name, total=pictures)
        return lambda: progress.advance(task)

    tables = measure_presence(options.pictures, options.without, options.siblings, general, begin)
    parts = []
    if tables.there:
        parts.append(there_markdown(tables.there))
    if tables.without:
        parts.append(presence_markdown("without the object", tables.without))
    if tables.siblings:
        parts.append(presence_markdown("with others of its kind", tables.siblings))
    answers_of = {
        table: [
            {"scan": scan, "pictures": pictures, **asdict(answer)}
            for (scan, pictures), answers in rows.items()
            for answer in answers
        ]
        for table, rows in vars(tables).items()
    }
    return parts, {"presence": answers_of}


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
    rows = {name: network_predictor(extractor) for name, extractor in networks(options, general).items()}
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
