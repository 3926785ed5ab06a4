"""Options of ``evaluate --pictures``."""

from __future__ import annotations

import argparse
from pathlib import Path

from dense_grasp_core.descriptors.extractor import DescriptorExtractor

from dense_grasp_train.evaluation.evaluation_sets import EvaluationError

GENERAL = Path("models/general.xml")
MARKS = Path("docs/real_cap_points.yaml")
BLANKS = ("surroundings", "board")


def add_picture_options(arguments: argparse.ArgumentParser) -> None:
    """Add them to the command's."""
    pictures = arguments.add_argument_group("with --pictures")
    pictures.add_argument("--general", type=Path, default=GENERAL, help="network of the bank (default %(default)s)")
    pictures.add_argument(
        "--blank",
        nargs="*",
        choices=BLANKS,
        metavar="WHAT",
        help="the moved objects also with pixels grey: `surroundings`, all that are off the object, `board`, those "
        "that look at the board of tags around it; both where nothing is said",
    )
    pictures.add_argument(
        "--turned",
        action="store_true",
        help="also with every searched picture turned in its plane by a random angle of the whole circle",
    )
    pictures.add_argument("--alone", action="store_true", help="also each point of the moved objects without a pose")
    pictures.add_argument("--pose-seeds", type=int, default=1, help="repeat the pose search with so many seeds")
    pictures.add_argument(
        "--bank", type=Path, help="scan of the first room's pictures to use instead of it, judged by its poses"
    )
    pictures.add_argument(
        "--across-gap",
        type=Path,
        nargs="?",
        const=MARKS,
        metavar="MARKS",
        help="also points taught by one click on rendered caps, looked for on photographs of a real one, whose points "
        f"the file MARKS names (default {MARKS})",
    )
    pictures.add_argument("--no-pairs", action="store_true", help="no single clicks")
    pictures.add_argument("--no-moved", action="store_true", help="no moved objects")
    pictures.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="SCAN=FOLDERS",
        help="how often the object of a scan is found in folders of pictures that do not show it, a pattern, relative "
        "to FOLDER as the scan is: room/object=other/*; scans of the object itself are looked through as they are and "
        "with it painted over",
    )
    pictures.add_argument(
        "--siblings", nargs="+", default=[], metavar="SCAN=FOLDERS", help="the same for pictures of others of its kind"
    )


def check_picture_options(options: argparse.Namespace) -> None:
    """Raises EvaluationError for a value that cannot be meant."""
    if options.pose_seeds < 1:
        raise EvaluationError(f"--pose-seeds is {options.pose_seeds}, expected 1 or more")
    if options.blank is not None and not options.blank:
        options.blank = list(BLANKS)


def networks(options: argparse.Namespace, general: DescriptorExtractor) -> dict[str, DescriptorExtractor]:
    """The networks to measure by the name of their row: those of --model, and ``general`` where it is none of them.

    Raises EvaluationError for two files of one name: they would be one row.
    """
    rows = {file.stem: DescriptorExtractor(file) for file in options.model}
    if len(rows) < len(options.model):
        raise EvaluationError(f"--model names {', '.join(map(str, options.model))}, expected files of different names")
    if general.model_id not in {extractor.model_id for extractor in rows.values()}:
        rows["general (EfficientNet-Lite0, frozen)"] = general
    return rows
