"""Find scanned objects in simulated pictures: keypoints through the pose, pictures without the object, crowds.

Eight things are scanned, then looked for by `find_objects` as a robot does, in pictures with them, without them, and
with three of them beside three others; a D435's noise and holes in every depth picture.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from dense_grasp.bringup.launch_support import share_directory
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.object_model.pose import PoseFinder, PoseSearch
from dense_grasp_core.object_model.view_bank import build

from dense_grasp_bench.objects.measure import Figures, table, take_up_crowd, take_up_empty, take_up_picture
from dense_grasp_bench.objects.scenes import crowd, picture, scan
from dense_grasp_bench.objects.things import SHAPES, make_thing


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_finding", description=__doc__)
    parser.add_argument("--things", nargs="+", default=list(SHAPES), choices=list(SHAPES), help="default: all")
    parser.add_argument("--views", type=_count, default=30, help="pictures of a scan (default %(default)s)")
    parser.add_argument("--pictures", type=_count, default=26, help="of each thing (default %(default)s)")
    parser.add_argument("--without", type=_count, default=14, help="pictures of other things, for each thing")
    parser.add_argument("--crowds", type=_count, default=5, help="scenes with three of a thing and three others")
    parser.add_argument("--seed", type=int, default=0, help="of scenes and of the search (default %(default)s)")
    parser.add_argument("--out", type=Path, help="file for the table, Markdown")
    return exit_status("bench_finding", partial(_run, parser.parse_args(argv)))


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pictures, expected 0 or more")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    describe = DescriptorExtractor(share_directory() / "models" / "general.xml")
    figures = Figures()
    for name in options.things:
        _measure(name, describe, options, figures)
        text = "\n".join([f"| {name} is the last thing, seed {options.seed} | |", "|---|---|", *table(figures)])
        print(text, flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")
    return 0


def _measure(name: str, describe: DescriptorExtractor, options: argparse.Namespace, figures: Figures) -> None:
    thing, number = make_thing(name), list(SHAPES).index(name)
    views = scan(thing, number, options.views)
    finder = PoseFinder(build(views, describe), describe, PoseSearch(seed=options.seed))
    others = [other for other in SHAPES if other != name]
    for index in range(max(options.pictures, options.without, options.crowds)):
        place = index * len(SHAPES) + number
        if index < options.pictures:
            shot = picture(thing, options.seed + 1, place)
            print(f"{name} {index}: {take_up_picture(figures, finder, shot, index)}", flush=True)
        if index < options.without:
            shot = picture(make_thing(others[index % len(others)]), options.seed + 2, place)
            print(f"{name} {index}, without: {take_up_empty(figures, finder, shot)}", flush=True)
        if index < options.crowds:
            beside = [make_thing(others[(index + k) % len(others)]) for k in range(3)]
            shot = crowd(thing, beside, options.seed + 3, place)
            print(f"{name} {index}, crowd: {take_up_crowd(figures, finder, shot)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
