"""Make a scan on disk, which the bank of an object, `generate --captures` and BOP readers take.

--from is a folder with rgb, depth, mask, poses.json and camera.json, or one with such a folder for each object; or
colour pictures alone: a folder of them, or a video. Their poses are found by structure from motion, and their size
comes from --tag-edge, --known-length or --depth-picture. Or a ROS 2 bag of a camera on an arm: colour, aligned depth,
camera_info, /tf and /tf_static.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.object_model.bank_file import bank_path, fingerprint, read_bank
from dense_grasp_core.object_model.coverage import coverage
from dense_grasp_core.object_model.fused_surface import fuse, second_object
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.scan import ScanError, ScanView, read_scan
from dense_grasp_core.object_model.scan_check import ScanCheck, check_scan, mended, require_consistent
from dense_grasp_core.object_model.scan_join import join_to
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.object_model.view_bank import build

from dense_grasp_train.scanning.bag_options import add_bag_options, bag_source, is_bag
from dense_grasp_train.scanning.contact_sheet import contact_sheet
from dense_grasp_train.scanning.scan_options import add_colour_options, colour_source, is_colour
from dense_grasp_train.scanning.source import Source, posed_pictures

_GENERAL = Path("models/general.xml")


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 2 with a sentence when no scan can be made of what was given, as of every command beside it."""
    return exit_status("scan", partial(_make, _parser().parse_args(arguments)), failed=2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER|VIDEO|BAG", help="what to make it from"
    )
    parser.add_argument("--to", type=Path, required=True, metavar="SCAN", help="the new folder of the scan")
    parser.add_argument("--object", default="", help="which object of --from, where it holds several; its name too")
    parser.add_argument("--up", type=_direction, metavar="X,Y,Z", help="away from the table in the object's frame; z")
    parser.add_argument(
        "--mend", action="store_true", help="where the check names a mistake of poses, depth or camera, mend it"
    )
    parser.add_argument(
        "--join",
        type=Path,
        metavar="SCAN",
        help="a scan of the same object, which lies on another side here: both become the one scan --to, in its frame",
    )
    parser.add_argument("--general", type=Path, default=_GENERAL, help="network that --join looks by (%(default)s)")
    add_colour_options(parser)
    add_bag_options(parser)
    return parser


def _direction(text: str) -> np.ndarray:
    try:
        direction = np.array([float(number) for number in text.split(",")])
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no direction, expected X,Y,Z") from error
    if direction.shape != (3,) or not np.isfinite(direction).all() or not direction.any():
        raise argparse.ArgumentTypeError(f"{text!r} is no direction, expected three numbers X,Y,Z")
    return direction


def _make(options: argparse.Namespace) -> int:
    source = _read(options)
    for sentence in source.left_out:
        print(f"scan: {sentence}", file=sys.stderr)
    views, check = checked(source.views, options.mend)
    surface = fuse(views)
    apart = second_object(surface)
    if apart is not None:
        raise ScanError(
            f"{apart[0]:.0%} of the surface lies {1000 * apart[1]:.0f} mm from the rest, expected one object: does the "
            "mask hold two?"
        )
    first: dict[str, Any] = {}
    if options.join is not None:
        finder, told = finder_of(options.join, options.general), {"source": options.source.name, "check": str(check)}
        joined, first = join_to(options.join, finder, views, surface, told, _told)
        views, surface, check = joined.views, joined.surface, joined.check
        print(f"joined to {options.join}: {joined}")
    seen_from = coverage(views, options.up)
    size = np.ptp(surface.points, axis=0)
    about = {
        "object": options.object or options.source.name,
        "source": options.source.name,
        "check": str(check),
        "coverage": round(seen_from.share, 3),
        "up": np.round(seen_from.up_object, 6).tolist(),
        "size_m": np.round(size, 4).tolist(),
        **source.notes,
        **first,
    }
    pictures = {"sheet.png": contact_sheet(views, surface, seen_from), "coverage.png": seen_from.picture()}
    write_scan(options.to, views, surface, about, pictures, source.lossy and options.join is None)
    print(f"{len(views)} pictures; {check}; {len(surface.points)} points of the surface, " + _millimetres(size))
    print(seen_from.table())
    print(f"{options.to}: look at sheet.png (outlines are masks, dots the surface) and coverage.png")
    return 0


def finder_of(scan: Path, network: Path) -> PoseFinder:
    """The finder of a scan's object, of the bank that lies beside its pictures or is made now. Raises ScanError."""
    views, describe = read_scan(scan), DescriptorExtractor(network)
    require_consistent(views)
    bank = read_bank(bank_path(scan, describe.model_id), fingerprint(scan))
    return PoseFinder(bank or build(views, describe), describe)


def _told(done: int, most: int) -> None:
    print(f"looks for the object of the first scan: {done} of at most {most} pictures", file=sys.stderr)


def _read(options: argparse.Namespace) -> Source:
    if is_bag(options.source):
        return bag_source(options)
    return colour_source(options) if is_colour(options.source) else posed_pictures(options.source, options.object)


def checked(views: list[ScanView], mend: bool) -> tuple[list[ScanView], ScanCheck]:
    """The views and the check that they pass, mended where that is wanted and it helps. Raises ScanError."""
    check = check_scan(views)
    if not check.good and mend and check.remedy:
        print(f"mended: {check}")
        views = mended(views, check)
        check = check_scan(views)
    if not check.good:
        hint = "; --mend does that" if check.remedy else ""
        raise ScanError(f"the scan cannot be believed: {check}{hint}")
    return views, check


def _millimetres(size: np.ndarray) -> str:
    return " x ".join(f"{1000 * side:.0f}" for side in size) + " mm"


if __name__ == "__main__":
    sys.exit(main())
