"""Lines about the camera's place: what the table and two poses of the arm say of the hand-eye transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.cell_measures.mount_check import (
    HEIGHT_TOLERANCE,
    POINT_TOLERANCE,
    TILT_TOLERANCE,
    Mistake,
    Mount,
    MountFigures,
    MountView,
    PointPair,
    explanations,
    figures,
)

from dense_grasp.cell.checks import Check


@dataclass(frozen=True)
class Expected:
    """What is to be seen: the table's height m over centre (2,) m of the workspace, base frame. parent, child: the
    frames of the hand-eye transform.
    """

    table_height: float
    centre: np.ndarray
    parent: str
    child: str


def check_table(mount: Mount, view: MountView, expected: Expected) -> Check:
    """Height and tilt of the table, from one pose."""
    name = "table by depth"
    seen = figures(mount.parent_from_optical, [view], expected.centre, expected.table_height)
    plane = view.plane
    quality = f"{100 * plane.share:.0f} % of the depth within {1000 * plane.residual:.0f} mm of one plane"
    if seen.fits:
        return Check(name, True, f"{seen.text()}; {quality}")
    limits = f"expected {1000 * HEIGHT_TOLERANCE:.0f} mm and {TILT_TOLERANCE:.0f} deg at most"
    found = explanations(
        mount, [view], expected.centre, expected.table_height, parent=expected.parent, child=expected.child
    )
    if found:
        return Check(name, False, f"{seen.text()}, {limits}", _remedies(found))
    return Check(name, False, f"{seen.text()}, {limits}; {quality}", _unexplained(seen, expected))


def check_two_poses(mount: Mount, views: Sequence[MountView], pair: PointPair, expected: Expected) -> Check:
    """One resting surface seen from two poses."""
    name = "two poses"
    seen = figures(mount.parent_from_optical, views, expected.centre, expected.table_height, pair)
    x, y, z = 1000 * seen.shift
    points = f"{len(pair.first_points)} resting points"
    if not seen.apart > POINT_TOLERANCE:
        return Check(name, True, f"{points} {1000 * seen.apart:.0f} mm apart when seen from two poses")
    text = (
        f"{points} {1000 * seen.apart:.0f} mm apart when seen from two poses ({x:+.0f}, {y:+.0f}, {z:+.0f} mm in the "
        f"base frame), expected {1000 * POINT_TOLERANCE:.0f} mm at most"
    )
    found = explanations(mount, views, expected.centre, expected.table_height, pair, expected.parent, expected.child)
    calibrate = "calibrate hand-eye again: place or turn of the camera on the hand is wrong"
    return Check(name, False, text, _remedies(found) if found else calibrate)


def _remedies(found: Sequence[tuple[Mistake, MountFigures]]) -> str:
    return "; or ".join(
        f"it looks as if {mistake.name} (with that undone: {result.text()}): {mistake.remedy}"
        for mistake, result in found
    )


def _unexplained(seen: MountFigures, expected: Expected) -> str:
    if seen.tilt > 90.0:
        return f"by TF the camera sees the table from below: calibrate {expected.parent} -> {expected.child} again"
    if seen.level:
        return (
            "table_height in config/robot.yaml or the camera's height in config/hand_eye.yaml is wrong by that: touch "
            "the table with closed fingers and compare table_height with the tool centre point's z"
        )
    return (
        "does the camera look at the table (observe_joints), and is the table level? Then calibrate hand-eye again: "
        "run check_cell --move to see more"
    )
