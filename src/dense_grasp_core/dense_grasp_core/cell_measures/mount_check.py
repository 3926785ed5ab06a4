"""Is the camera where the hand-eye transform says? Judged by what depth measures, and which mistake would explain it.

A table is known by its height and by being level; a point that rests is known by being at one place whatever pose of
the arm it is seen from. Both are tried with the transform as it is, and with each mistake undone that people make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.cell_measures.table_plane import Plane
from dense_grasp_core.geometry.se3 import from_quaternion, inverse, transform

Array = NDArray[np.float64]

#: m between the measured and the configured height of the table. A stereo camera is trusted to 2 % of its distance,
#: 12 mm at 0.6 m, and a calibration to a few millimetres: together less than this.
HEIGHT_TOLERANCE = 0.015
#: Degrees from level. A hand-eye calibration is good to half a degree, a table to as much; at 0.6 m two degrees are
#: 21 mm to the side, more than fingers forgive.
TILT_TOLERANCE = 2.0
#: m between the places of a resting point seen from two poses (median of many): a good calibration stays below 5 mm.
POINT_TOLERANCE = 0.010
#: By these factors depth in another unit is too small or too large.
SCALES = (0.001, 0.1, 10.0, 1000.0)


@dataclass(frozen=True)
class Mount:
    """Where the camera sits. parent_from_child: (4, 4), of config/hand_eye.yaml; child_from_optical: (4, 4), the
    driver's; parent: frame of the hand.
    """

    parent_from_child: Array
    child_from_optical: Array = field(default_factory=lambda: np.eye(4))

    @property
    def parent_from_optical(self) -> Array:
        """(4, 4), points of the optical frame into the hand's frame."""
        return self.parent_from_child @ self.child_from_optical


@dataclass(frozen=True)
class MountView:
    """What was seen from one pose: base_from_parent (4, 4), and the table's plane in the optical frame."""

    base_from_parent: Array
    plane: Plane


@dataclass(frozen=True)
class PointPair:
    """The same resting points (N, 3) m in the optical frames of two views, row by row."""

    first: MountView
    second: MountView
    first_points: Array
    second_points: Array


@dataclass(frozen=True)
class MountFigures:
    """What a mount makes of the views: offset m of the table above its configured height over the workspace's centre,
    tilt in degrees from level (180: seen from below), both of the worst view; apart: m, median distance between the
    two places of a resting point, NaN when there is one view only; shift: (3,) m, its median, second minus first view.
    """

    offset: float
    tilt: float
    apart: float = float("nan")
    shift: Array = field(default_factory=lambda: np.full(3, np.nan))

    @property
    def level(self) -> bool:
        """Whether the table is level and seen from above."""
        return self.tilt <= TILT_TOLERANCE

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against the mount."""
        height = bool(np.isfinite(self.offset)) and abs(self.offset) <= HEIGHT_TOLERANCE
        return self.level and height and not self.apart > POINT_TOLERANCE

    def text(self) -> str:
        """The figures in words."""
        height = f"{round(1000 * self.offset):+d} mm" if np.isfinite(self.offset) else "at no height"
        words = f"the table {height} from table_height, tilted by {self.tilt:.1f} deg"
        if np.isfinite(self.apart):
            words += f", points {1000 * self.apart:.0f} mm apart from two poses"
        return words


@dataclass(frozen=True)
class Mistake:
    """One thing that may be wrong. name: a clause; remedy: what to write; parent_from_optical: the mount with it
    undone; scale: factor that depth needs.
    """

    name: str
    remedy: str
    parent_from_optical: Array
    scale: float = 1.0


def figures(
    parent_from_optical: Array,
    views: Sequence[MountView],
    centre: Array,
    table_height: float,
    pair: PointPair | None = None,
    scale: float = 1.0,
) -> MountFigures:
    """What a mount (4, 4) makes of views, and of a pair of them. centre: (2,) m, base frame."""
    planes = [view.plane.scaled(scale).moved(view.base_from_parent @ parent_from_optical) for view in views]
    offsets = [plane.height_at(float(centre[0]), float(centre[1])) - table_height for plane in planes]
    worst = int(np.argmax([abs(offset) if np.isfinite(offset) else np.inf for offset in offsets]))
    tilt = max(plane.tilt for plane in planes)
    if pair is None:
        return MountFigures(float(offsets[worst]), tilt)
    one = transform(pair.first.base_from_parent @ parent_from_optical, scale * pair.first_points)
    two = transform(pair.second.base_from_parent @ parent_from_optical, scale * pair.second_points)
    apart = float(np.median(np.linalg.norm(two - one, axis=1)))
    return MountFigures(float(offsets[worst]), tilt, apart, np.median(two - one, axis=0))


def mistakes(mount: Mount, parent: str = "the hand", child: str = "camera_link") -> list[Mistake]:
    """The mistakes that are tried, each undone."""
    given, optical = mount.parent_from_child, mount.child_from_optical
    half_turn = from_quaternion([0.0, 0.0, 1.0, 0.0])
    eighth = from_quaternion([0.0, 0.0, np.sin(np.pi / 8), np.cos(np.pi / 8)])
    found = [
        Mistake(
            "the hand-eye transform is inverted",
            "write the inverse of xyz and quaternion into config/hand_eye.yaml",
            inverse(given) @ optical,
        ),
        Mistake(
            f"the hand-eye transform belongs to the optical frame, not to {child}",
            f"convert the calibration to {child} with the driver's transform, then write it to config/hand_eye.yaml",
            given,
        ),
        Mistake(
            f"the hand-eye transform belongs to the optical frame, not to {child}, and is inverted",
            f"invert the calibration, convert it to {child}, then write it to config/hand_eye.yaml",
            inverse(given),
        ),
        Mistake(
            "the camera is turned by 180 degrees about its view",
            "calibrate again: the camera was turned round on its bracket, or its picture is turned",
            given @ optical @ half_turn,
        ),
        Mistake(
            f"the hand-eye transform counts from the flange (link8), not from {parent}",
            "set parent in config/hand_eye.yaml to the arm's link8",
            eighth @ given @ optical,
        ),
    ]
    as_given = mount.parent_from_optical
    for scale in SCALES:
        found.append(
            Mistake(
                f"depth is in another unit: {_times(1.0 / scale)} as large as it should be",
                "16UC1 is read as millimetres, 32FC1 as metres: set the driver's depth unit to that",
                as_given,
                scale,
            )
        )
    return found


def explanations(
    mount: Mount,
    views: Sequence[MountView],
    centre: Array,
    table_height: float,
    pair: PointPair | None = None,
    parent: str = "the hand",
    child: str = "camera_link",
) -> list[tuple[Mistake, MountFigures]]:
    """Those mistakes that, once undone, leave nothing to explain: none or one as a rule."""
    tried = [
        (mistake, figures(mistake.parent_from_optical, views, centre, table_height, pair, mistake.scale))
        for mistake in mistakes(mount, parent, child)
    ]
    return [(mistake, result) for mistake, result in tried if result.fits]


def _times(factor: float) -> str:
    return f"{factor:g} times" if factor >= 1.0 else f"1/{1.0 / factor:g}"
