"""The options by which a command is told what views to read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.scans import scan_views, scans_of
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import View


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data or --captures, --views and --sensor."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="folder made by `generate`, or of the scenes of a BOP set")
    source.add_argument(
        "--captures",
        type=Path,
        nargs="+",
        metavar="SCAN",
        help="scans, as `scan` and the action ScanObject write them, or folders of scans; each is an object of its own",
    )
    parser.add_argument("--views", type=int, help="read so many views of --data, evenly spread (default: all)")
    parser.add_argument("--sensor", help="whose pictures to read of a BOP set with several sensors")


def check_data_options(options: argparse.Namespace) -> None:
    """Raise DatasetError for a number of views that none has, and for options of --data beside --captures."""
    if options.views is not None and options.views < 1:
        raise DatasetError(f"--views is {options.views}, expected 1 or more")
    for name in ("views", "sensor"):
        value = getattr(options, name)
        if options.captures and value is not None:
            raise DatasetError(f"--{name} is {value} beside --captures, expected it with --data alone")


def read_data(options: argparse.Namespace, say: Callable[[str], None]) -> list[View]:
    """The views that the options ask for; `say` is told which are left out.

    Raises DatasetError, LoadError, and ScanError for a damaged scan.
    """
    check_data_options(options)
    if options.captures:
        return scan_views(scans_of(options.captures), say)
    return load_views(options.data, limit=options.views, sensor=options.sensor, say=say)
