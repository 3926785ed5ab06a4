"""What a two-finger gripper is and can do: one record a gripper, read by everybody who has to know it.

The records that come with the package lie beside this module; `gripper_record` takes the path of another, too. A file
that says `like: franka` has all fields of that record but those that it sets itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.record_files import RecordFiles

UNITS = ("m", "rad")


class GripperRecordError(DenseGraspError):
    """A gripper that nobody knows, or a record that lacks something or says what cannot be."""


@dataclass(frozen=True)
class GripperRecord:
    """One gripper. Metres, radians, newtons, seconds. In texts {arm} is the prefix with the robot's type, {prefix} the
    prefix alone, until `on_arm` has put them in.

    convention: how it is commanded, a key of the registry of adapters. namespaces: where its driver may be, the first
    that answers counts. command: the action that its driver offers; actions: those whose goals a stop cancels;
    stop_services: what a stop calls beside that. joint_states: its driver's own topic; "": the merged ones only.
    needs_homing: whether it knows its fingers' place after it was switched on.
    joints: as joint states name them. position_unit: m or rad. widths: rows (position, width) of one joint, straight
    lines between them: the joints' widths together are the width between the fingers.
    greatest_width, greatest_force, greatest_speed: m, N, m/s, of what it may be asked for.
    hand: link that a camera on the gripper is fixed to; tcp: frame of the tool centre point, z along the approach, y
    along the closing axis; where the robot description lacks it, tcp_xyz and tcp_yaw (about z) place it in `hand`.
    finger_links: what a grasp brings to the object; links: all others of the gripper.
    """

    name: str
    convention: str
    namespaces: tuple[str, ...]
    command: str
    actions: tuple[str, ...]
    stop_services: tuple[str, ...]
    joint_states: str
    needs_homing: bool
    joints: tuple[str, ...]
    position_unit: str
    widths: tuple[tuple[float, float], ...]
    greatest_width: float
    greatest_force: float
    greatest_speed: float
    hand: str
    tcp: str
    tcp_xyz: tuple[float, float, float]
    tcp_yaw: float
    finger_links: tuple[str, ...]
    links: tuple[str, ...]

    def on_arm(self, robot_type: str, prefix: str = "") -> GripperRecord:
        """The record with the names that it has on one arm."""
        names = {"arm": f"{prefix}{robot_type}", "prefix": prefix}
        return replace(self, **{field.name: _named(getattr(self, field.name), names) for field in fields(self)})

    def width(self, positions: Iterable[float]) -> float:
        """Width in m by the positions of `joints`; fingers that press on each other may be told a hair below zero."""
        ends, widths = zip(*self.widths, strict=True)
        return max(0.0, sum(_along(ends, widths, float(position)) for position in positions))

    def width_at(self, position: float) -> float:
        """Width in m with every joint at one position."""
        return self.width([position] * len(self.joints))

    def position(self, width: float) -> float:
        """Where each of the joints is at a width in m."""
        positions, widths = zip(*sorted(self.widths, key=lambda row: row[1]), strict=True)
        return _along(widths, positions, width / len(self.joints))

    @property
    def hand_from_tcp(self) -> np.ndarray:
        """The tool centre point in the frame `hand`, (4, 4)."""
        cosine, sine = math.cos(self.tcp_yaw), math.sin(self.tcp_yaw)
        pose = np.eye(4)
        pose[:2, :2] = [[cosine, -sine], [sine, cosine]]
        pose[:3, 3] = self.tcp_xyz
        return pose


def shipped_grippers() -> tuple[str, ...]:
    """Names of the records that come with the package."""
    return _FILES.shipped()


def gripper_record(gripper: str, robot_type: str, prefix: str = "") -> GripperRecord:
    """The record of a gripper on an arm, by its name or by the path of its file. Raises GripperRecordError."""
    record: GripperRecord = _FILES.named(gripper)
    return record.on_arm(robot_type, prefix)


def read_record(path: Path) -> GripperRecord:
    """The record in a file, named after it. Raises GripperRecordError, which names the file and the field."""
    record: GripperRecord = _FILES.read(path)
    return record


def _fault(record: GripperRecord) -> str:
    """What the record says that cannot be, "" when nothing."""
    if record.position_unit not in UNITS:
        return f"position_unit is {record.position_unit!r}, expected {' or '.join(UNITS)}"
    for name in ("namespaces", "joints", "finger_links"):
        if not getattr(record, name):
            return f"{name} is empty, expected at least one name"
    for name, value in vars(record).items():
        if isinstance(value, tuple) and "" in value:
            return f"{name} is {list(value)}, expected no empty name"
    for name in ("widths", "greatest_width", "greatest_force", "greatest_speed", "tcp_xyz", "tcp_yaw"):
        if not np.all(np.isfinite(getattr(record, name))):
            return f"{name} is {getattr(record, name)}, expected finite numbers"
    for name in ("greatest_width", "greatest_force", "greatest_speed"):
        if getattr(record, name) <= 0.0:
            return f"{name} is {getattr(record, name)}, expected a number above 0"
    if record.command not in record.actions:
        return f"command is {record.command!r}, expected one of its actions {', '.join(record.actions)}"
    positions, widths = zip(*record.widths, strict=True) if record.widths else ((), ())
    grows = np.all(np.diff(positions) > 0.0) and (np.all(np.diff(widths) > 0.0) or np.all(np.diff(widths) < 0.0))
    if len(positions) < 2 or not grows:
        return "widths are expected as two or more rows [position, width], positions rising, widths rising or falling"
    widest = len(record.joints) * max(widths)
    if abs(widest - record.greatest_width) > 1e-6:
        return f"greatest_width is {record.greatest_width}, expected the widest of its widths, {widest:g}"
    try:
        record.on_arm("arm")
    except (KeyError, IndexError, ValueError) as error:
        return f"a name has a placeholder that is neither {{arm}} nor {{prefix}} ({error})"
    return ""


_FILES = RecordFiles("gripper", GripperRecord, Path(__file__).parent, _fault, GripperRecordError)


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**names)
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return tuple(text.format(**names) for text in value)
    return value


def _along(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """y at x on the straight lines through points with rising xs; the outer lines go on beyond the ends."""
    index = int(np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2))
    slope = (ys[index + 1] - ys[index]) / (xs[index + 1] - xs[index])
    return float(ys[index] + (x - xs[index]) * slope)
