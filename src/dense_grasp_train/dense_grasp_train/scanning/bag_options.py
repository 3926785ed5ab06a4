"""The options of `scan` for a ROS 2 bag."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from dense_grasp_core.cameras.record import CameraRecordError, camera_record
from dense_grasp_core.object_model.scan import ScanError

from dense_grasp_train.scanning.source import Source

SUFFIXES = (".mcap", ".db3")
_LIBRARIES = ("rosbags", "rosbags.image", "pytransform3d")


def is_bag(source: Path) -> bool:
    """Whether a path is a ROS 2 bag: its folder, or its one file."""
    return (source / "metadata.yaml").is_file() or (source.is_file() and source.suffix.lower() in SUFFIXES)


def add_bag_options(parser: argparse.ArgumentParser) -> None:
    """Options that only a bag needs."""
    group = parser.add_argument_group("a ROS 2 bag of a camera on an arm that goes around what stands on a table")
    group.add_argument(
        "--recorded-by",
        default="realsense",
        metavar="CAMERA",
        help="the camera's record, as camera:= of bringup (%(default)s)",
    )
    for name, what in (("color", "colour images"), ("depth", "depth aligned to them"), ("info", "their camera_info")):
        group.add_argument(f"--{name}-topic", default="", metavar="TOPIC", help=f"{what}; default: as the record says")
    group.add_argument(
        "--base", default="", metavar="FRAME", help="in which the table lies still; default: …_link0, else the root"
    )
    group.add_argument(
        "--table-height", type=float, default=0.0, metavar="METRES", help="of the table in --base (%(default)s)"
    )
    group.add_argument(
        "--workspace",
        default="0.25,-0.38,0.75,0.38",
        metavar="X,Y,X,Y",
        help="two corners of the part of the table where the object stands, m in --base (%(default)s)",
    )


def bag_source(options: argparse.Namespace) -> Source:
    """The views of what the options ask for. Raises ScanError with what is missing."""
    missing = [name for name in _LIBRARIES if not _is_installed(name)]
    if missing:
        raise ScanError(f"{', '.join(missing)} is not installed: `make setup-train` adds what reads bags")
    from dense_grasp_train.scanning.bag import Bag, Topics
    from dense_grasp_train.scanning.bag_source import TableArea, source_of_bag

    try:
        record = camera_record(options.recorded_by)
    except CameraRecordError as error:
        raise ScanError(f"--recorded-by: {error}") from error
    low, high = _corners(options.workspace)
    if not -10.0 < options.table_height < 10.0:
        raise ScanError(f"--table-height is {options.table_height}, expected metres from -10 to 10")
    if options.frames < 3:
        raise ScanError(f"--frames is {options.frames}, expected 3 at least")
    topics = Topics(options.color_topic, options.depth_topic, options.info_topic)
    with Bag(options.source, record, topics) as bag:
        return source_of_bag(bag, TableArea(options.base, options.table_height, low, high), options.frames)


def _corners(text: str) -> tuple[tuple[float, float], tuple[float, float]]:
    try:
        x, y, other_x, other_y = (float(number) for number in text.split(","))
    except ValueError as error:
        raise ScanError(f"--workspace is {text!r}, expected X,Y,X,Y in metres") from error
    low, high = (min(x, other_x), min(y, other_y)), (max(x, other_x), max(y, other_y))
    if not (high[0] - low[0] > 0.05 and high[1] - low[1] > 0.05):
        raise ScanError(f"--workspace is {text!r}, expected two corners more than 5 cm apart in x and in y")
    return low, high


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
