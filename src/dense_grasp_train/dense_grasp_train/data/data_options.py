"""The options by which a command is told what views to read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from dense_grasp_train.data import rendered
from dense_grasp_train.data.description import source_of
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.scans import scan_views, scans_of
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import View


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data or --captures, --views, --sensor and --rendered-views."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="folder made by `generate`, or of the scenes of a BOP set; several of rendered caps are read as one",
    )
    source.add_argument(
        "--captures",
        type=Path,
        nargs="+",
        metavar="SCAN",
        help="scans, as `scan` and the action ScanObject write them, or folders of scans; each is an object of its own",
    )
    parser.add_argument("--views", type=int, help="read so many views of --data, evenly spread (default: all)")
    parser.add_argument("--sensor", help="whose pictures to read of a BOP set with several sensors")
    parser.add_argument("--rendered-views", type=int, metavar="N", help=f"with --captures: {rendered.HELP}")


def check_data_options(options: argparse.Namespace) -> None:
    """Raise DatasetError for a number of views that none has, and for options of --data beside --captures or the other
    way round.
    """
    if options.views is not None and options.views < 1:
        raise DatasetError(f"--views is {options.views}, expected 1 or more")
    for name in ("views", "sensor"):
        value = getattr(options, name)
        if options.captures and value is not None:
            raise DatasetError(f"--{name} is {value} beside --captures, expected it with --data alone")
    rendered.most_rendered(options.rendered_views, bool(options.captures))


def read_data(options: argparse.Namespace, say: Callable[[str], None]) -> list[View]:
    """The views that the options ask for; `say` is told which are left out.

    Raises DatasetError, LoadError, and ScanError for a damaged scan.
    """
    check_data_options(options)
    if options.captures:
        return scan_views(scans_of(options.captures), say, rendered.most_rendered(options.rendered_views, True))
    if len(options.data) == 1:
        return load_views(options.data[0], limit=options.views, sensor=options.sensor, say=say)
    for folder in options.data:
        if source_of(folder) != "cap":
            raise DatasetError(
                f"--data names {len(options.data)} folders, and {folder} holds no rendered caps: only those have the "
                "same numbers in every set, expected one folder"
            )
    limits = [None] * len(options.data) if options.views is None else _parts(options.views, len(options.data))
    return [
        view
        for folder, limit in zip(options.data, limits, strict=True)
        for view in load_views(folder, limit=limit, say=say)
    ]


def _parts(total: int, count: int) -> list[int]:
    """The total in ``count`` parts that are as equal as can be, none of them 0."""
    return [max(1, total // count + (index < total % count)) for index in range(count)]
