"""What a make of camera is to the cell: one record a make, read by everybody who has to know it.

The records that come with the package lie beside this module; `camera_record` takes the path of another, too. A file
that says `like: realsense` has all fields of that record but those that it sets itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.depth import DEPTH_ENCODINGS
from dense_grasp_core.record_files import RecordFiles

#: What camera_info means: what it says; what RealSense's driver means by it; a rectified image beside P.
AS_CAMERA_INFO_SAYS, REALSENSE, RECTIFIED = LENS_MODELS = ("camera_info", "realsense", "rectified")
#: What cameras with depth send; the nodes take every encoding that cv_bridge converts.
COLOR_ENCODINGS = ("rgb8", "bgr8", "rgba8", "bgra8")
#: s between the stamps of a colour and a depth image of one moment, at most.
LARGEST_TOLERANCE = 0.015


class CameraRecordError(DenseGraspError):
    """A camera that nobody knows, or a record that lacks something or says what cannot be."""


@dataclass(frozen=True)
class CameraRecord:
    """One make of camera. In frames {prefix} is the cell's prefix, until `in_cell` has put it in.

    color_topic, camera_info_topic, depth_topic: where the nodes expect colour, its camera_info and the depth aligned to
    it. color_encoding, depth_encoding: as the driver sends them. lens_model: one of LENS_MODELS. sync_tolerance: s
    between the stamps of a colour and a depth image of one moment, 0 when they are equal. nearest: m, no depth nearer.
    link, optical_frame: the driver's root frame, and that of its colour images.
    package, launch_file: what starts the driver; launch_arguments: with what. serial_argument: the argument that takes
    a serial number, with serial_prefix before it; name_argument: that which takes the camera's name, the first part of
    its frames. moved_topics: rows (the driver's name of a topic, the nodes' name of it) of what moves back when the
    camera is named anew.
    align_advice, sync_advice, clock_advice: what to set on the driver so that depth is aligned, stamps are those of one
    moment, and stamps are of the computer's clock.
    """

    name: str
    color_topic: str
    camera_info_topic: str
    depth_topic: str
    color_encoding: str
    depth_encoding: str
    lens_model: str
    sync_tolerance: float
    nearest: float
    link: str
    optical_frame: str
    package: str
    launch_file: str
    launch_arguments: dict[str, str]
    serial_argument: str
    serial_prefix: str
    name_argument: str
    moved_topics: tuple[tuple[str, str], ...]
    align_advice: str
    sync_advice: str
    clock_advice: str

    def in_cell(self, prefix: str = "") -> CameraRecord:
        """The record with the frames that it has in a cell of that prefix."""
        return replace(
            self, link=self.link.format(prefix=prefix), optical_frame=self.optical_frame.format(prefix=prefix)
        )

    @property
    def depth_info_topic(self) -> str:
        """camera_info of the depth images, beside them."""
        return f"{self.depth_topic.rpartition('/')[0]}/camera_info"

    def driver_arguments(self, serial: str = "", prefix: str = "") -> dict[str, str]:
        """The launch arguments of the driver. serial: of the device, "" for the only one; prefix: the cell's."""
        arguments = dict(self.launch_arguments)
        if prefix:
            arguments[self.name_argument] = f"{prefix}camera"
        if serial:
            arguments[self.serial_argument] = self.serial_prefix + serial.removeprefix(self.serial_prefix)
        return arguments


def shipped_cameras() -> tuple[str, ...]:
    """Names of the records that come with the package."""
    return _FILES.shipped()


def camera_record(camera: str, prefix: str = "") -> CameraRecord:
    """The record of a make in a cell, by its name or by the path of its file. Raises CameraRecordError."""
    record: CameraRecord = _FILES.named(camera)
    return record.in_cell(prefix)


def _fault(record: CameraRecord) -> str:
    """What the record says that cannot be, "" when nothing."""
    may_be_empty = ("serial_prefix",)
    for field in fields(record):
        if getattr(record, field.name) == "" and field.name not in may_be_empty:
            return f"{field.name} is empty, expected a text"
    if record.lens_model not in LENS_MODELS:
        return f"lens_model is {record.lens_model!r}, expected one of {', '.join(LENS_MODELS)}"
    if record.color_encoding not in COLOR_ENCODINGS:
        return f"color_encoding is {record.color_encoding!r}, expected one of {', '.join(COLOR_ENCODINGS)}"
    if record.depth_encoding not in DEPTH_ENCODINGS:
        return f"depth_encoding is {record.depth_encoding!r}, expected one of {', '.join(DEPTH_ENCODINGS)}"
    if not 0.0 <= record.sync_tolerance <= LARGEST_TOLERANCE:
        return f"sync_tolerance is {record.sync_tolerance}, expected a number from 0 to {LARGEST_TOLERANCE} s"
    if not (math.isfinite(record.nearest) and record.nearest > 0.0):
        return f"nearest is {record.nearest}, expected a number above 0 m"
    for name, value in record.launch_arguments.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return f'launch_arguments has {name}: {value!r}, expected texts: write {name}: "{str(value).lower()}"'
    try:
        record.in_cell("left_")
    except (KeyError, IndexError, ValueError) as error:
        return f"a frame has a placeholder that is not {{prefix}} ({error})"
    return ""


_FILES = RecordFiles("camera", CameraRecord, Path(__file__).parent, _fault, CameraRecordError)
