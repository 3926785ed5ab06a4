"""Find scanned objects in simulated pictures: keypoints through the pose, pictures without the object, crowds.

Eight objects are scanned, then looked for by `find_objects` as a robot does, in pictures with them, without them, by a
camera that was turned on its mount and takes pictures of another size, and with three of them beside three others; a
D435's noise and holes in every depth picture.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.object_model.pose import PoseFinder, PoseSearch
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_train.render.scene import wrist_camera

from dense_grasp_bench.arguments import count
from dense_grasp_bench.objects.measure import (
    Figures,
    measure_changed_camera,
    measure_crowd,
    measure_picture,
    measure_without,
    table,
)
from dense_grasp_bench.objects.scenes import crowd, picture, scan
from dense_grasp_bench.objects.shapes import SHAPES, make_object

#: Of a D435's pictures, px: an object is scanned in one and looked for in the others; the next object, in the next.
SIZES = ((424, 240), (640, 480), (1280, 720))
TURNS = (45.0, 90.0, 180.0)  # degrees of the camera on its mount


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_finding", description=__doc__)
    parser.add_argument("--objects", nargs="+", default=list(SHAPES), choices=list(SHAPES), help="default: all")
    parser.add_argument("--views", type=count(0), default=30, help="pictures of a scan (default %(default)s)")
    parser.add_argument("--pictures", type=count(0), default=26, help="of each object (default %(default)s)")
    parser.add_argument("--without", type=count(0), default=14, help="pictures of other objects, for each object")
    parser.add_argument(
        "--changed-camera",
        type=count(0),
        default=13,
        help="pictures of each object by a turned camera, of another size",
    )
    parser.add_argument("--crowds", type=count(0), default=5, help="scenes with three of an object and three others")
    parser.add_argument("--seed", type=int, default=0, help="of scenes and of the search (default %(default)s)")
    parser.add_argument("--out", type=Path, help="file for the table, Markdown")
    return exit_status("bench_finding", partial(_run, parser.parse_args(argv)))


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    describe = DescriptorExtractor(share_directory() / "models" / "general.xml")
    figures = Figures()
    for name in options.objects:
        _measure(name, describe, options, figures)
        _measure_changed_camera(name, describe, options, figures)
        text = "\n".join([f"| {name} is the last object, seed {options.seed} | |", "|---|---|", *table(figures)])
        print(text, flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")
    return 0


def _measure(name: str, describe: DescriptorExtractor, options: argparse.Namespace, figures: Figures) -> None:
    most = max(options.pictures, options.without, options.crowds)
    if not most:
        return
    mesh, number = make_object(name), list(SHAPES).index(name)
    views = scan(mesh, number, options.views)
    finder = PoseFinder(build(views, describe), describe, PoseSearch(seed=options.seed))
    others = [other for other in SHAPES if other != name]
    for index in range(most):
        place = index * len(SHAPES) + number
        if index < options.pictures:
            shot = picture(mesh, options.seed + 1, place)
            print(f"{name} {index}: {measure_picture(figures, finder, shot, index)}", flush=True)
        if index < options.without:
            shot = picture(make_object(others[index % len(others)]), options.seed + 2, place)
            print(f"{name} {index}, without: {measure_without(figures, finder, shot)}", flush=True)
        if index < options.crowds:
            beside = [make_object(others[(index + k) % len(others)]) for k in range(3)]
            shot = crowd(mesh, beside, options.seed + 3, place)
            print(f"{name} {index}, crowd: {measure_crowd(figures, finder, shot)}", flush=True)


def _measure_changed_camera(
    name: str, describe: DescriptorExtractor, options: argparse.Namespace, figures: Figures
) -> None:
    if not options.changed_camera:
        return
    mesh, number = make_object(name), list(SHAPES).index(name)
    views = scan(mesh, number, options.views, wrist_camera(*SIZES[number % len(SIZES)]))
    finder = PoseFinder(build(views, describe), describe, PoseSearch(seed=options.seed))
    for index in range(options.changed_camera):
        size = SIZES[(number + 1 + index % (len(SIZES) - 1)) % len(SIZES)]
        turn = TURNS[index % len(TURNS)]
        place = index * len(SHAPES) + number
        shot = picture(mesh, options.seed + 4, place, wrist_camera(*size), np.radians(turn))
        told = f"{name} {index}, turned by {turn:g} degrees, {views[0].camera.width} to {size[0]} px wide"
        print(f"{told}: {measure_changed_camera(figures, finder, shot, index)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
