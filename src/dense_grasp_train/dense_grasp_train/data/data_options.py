"""The options by which a command is told what views to read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import View


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add --data, --views and --sensor."""
    parser.add_argument(
        "--data", type=Path, required=True, help="folder made by `generate`, or of the scenes of a BOP set"
    )
    parser.add_argument("--views", type=int, help="read so many views of --data, evenly spread (default: all)")
    parser.add_argument("--sensor", help="whose pictures to read of a BOP set with several sensors")


def check_data_options(options: argparse.Namespace) -> None:
    """Raise DatasetError for a number of views that none has."""
    if options.views is not None and options.views < 1:
        raise DatasetError(f"--views is {options.views}, expected 1 or more")


def read_data(options: argparse.Namespace, say: Callable[[str], None]) -> list[View]:
    """The views that the options ask for; `say` is told which are left out. Raises DatasetError, LoadError."""
    check_data_options(options)
    return load_views(options.data, limit=options.views, sensor=options.sensor, say=say)
