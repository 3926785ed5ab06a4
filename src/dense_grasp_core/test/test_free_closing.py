"""Where no axis is taught the fingers close across the thin side of what the camera saw, from its middle."""

import numpy as np
import pytest
from dense_grasp_core.grasping.free_closing import free_closings
from dense_grasp_core.grasping.pinch_choice import MOST_OVERLAP, PinchChoice, PinchPoints

TOP = 0.10
AT = np.array([0.5, 0.1, 0.0])
ON_TOP = AT + np.array([0.0, 0.0, TOP])
CHOICE = PinchChoice(pinch_depth=-0.014, least_overlap=0.01)


def turned(points: np.ndarray, yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + AT


def lid(length: float, width: float, yaw: float, top: float = TOP) -> np.ndarray:
    """The top of a box as a camera above sees it, every 3.6 mm, around AT, and the table beside it."""
    line = np.arange(-0.2, 0.2, 0.0036)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    on = (np.abs(x) < length / 2) & (np.abs(y) < width / 2)
    return turned(np.stack([x, y, np.where(on, top, 0.0)], axis=1), yaw)


def angle_between(one: np.ndarray, yaw: float) -> float:
    """Degrees between a closing direction and a line in the plane."""
    return float(np.degrees(np.arccos(min(1.0, abs(one[0] * np.cos(yaw) + one[1] * np.sin(yaw))))))


@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.3, 2.5])
def test_the_fingers_close_across_a_bar(yaw: float) -> None:
    best = free_closings(ON_TOP, lid(0.16, 0.03, yaw), 0.09, 0.08)[0]
    assert angle_between(best.direction, yaw + np.pi / 2) <= 5.1
    assert best.width == pytest.approx(0.03, abs=0.006)


def test_a_contact_on_a_side_wall_is_moved_to_the_middle_of_the_body() -> None:
    yaw = 0.6
    wall = turned(np.array([[0.0, 0.017, 0.05]]), yaw)[0]
    best = free_closings(wall, lid(0.06, 0.034, yaw), 0.064, 0.08)[0]
    assert angle_between(best.direction, yaw + np.pi / 2) <= 5.1
    assert np.linalg.norm(best.point[:2] - AT[:2]) < 0.004 and best.point[2] == 0.05


def test_fingers_do_not_come_down_on_a_neighbour() -> None:
    alone = lid(0.05, 0.03, 0.0)
    beside = turned(
        np.stack(
            [
                *np.meshgrid(np.arange(-0.02, 0.02, 0.0036), np.arange(0.035, 0.09, 0.0036)),
            ],
            -1,
        ).reshape(-1, 2)
        @ np.eye(2, 3)
        + [0, 0, TOP],
        0.0,
    )
    assert angle_between(free_closings(ON_TOP, alone, 0.09, 0.08)[0].direction, np.pi / 2) <= 5.1
    squeezed = free_closings(ON_TOP, np.vstack([alone, beside]), 0.09, 0.08)
    assert squeezed and min(angle_between(one.direction, np.pi / 2) for one in squeezed) > 30


def test_the_wall_of_a_vessel_is_pinched_across_not_the_whole_vessel() -> None:
    line = np.arange(-0.06, 0.06, 0.002)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    radius = np.hypot(x, y)
    vessel = turned(np.stack([x, y, np.where((radius < 0.038) & (radius > 0.034), TOP, 0.004)], axis=1), 0.0)
    rim = ON_TOP - np.array([0.036, 0.0, 0.0])
    best = free_closings(rim, vessel, 0.09, 0.08)[0]
    assert angle_between(best.direction, 0.0) <= 10.1 and best.width < 0.012


def test_what_is_too_wide_or_was_not_seen_has_no_closing() -> None:
    assert free_closings(ON_TOP, lid(0.12, 0.11, 0.2), 0.09, 0.08) == []
    assert free_closings(ON_TOP, np.zeros((0, 3)), 0.09, 0.08) == []
    assert free_closings(ON_TOP + np.array([0.1, 0.0, 0.0]), lid(0.05, 0.03, 0.0), 0.09, 0.08) == []


def test_a_pinch_without_an_axis_takes_them_and_any_direction_where_there_are_none() -> None:
    yaw = 0.4
    poses = CHOICE.candidates(PinchPoints(ON_TOP), lid(0.16, 0.03, yaw))
    assert poses[0][2, 3] == pytest.approx(TOP - MOST_OVERLAP, abs=1e-6)
    upright = [pose for pose in poses if pose[2, 2] < -0.999]
    assert all(angle_between(pose[:3, 1], yaw + np.pi / 2) < 50 for pose in upright)
    assert angle_between(upright[0][:3, 1], yaw + np.pi / 2) <= 5.1
    blind = CHOICE.candidates(PinchPoints(ON_TOP), np.zeros((0, 3)))
    assert {round(angle_between(pose[:3, 1], 0.0)) for pose in blind[:12]} == {0, 30, 60, 90}


def round_lid(radius: float, top: float = TOP) -> np.ndarray:
    line = np.arange(-0.2, 0.2, 0.0036)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    return np.stack([x, y, np.where(np.hypot(x, y) < radius, top, 0.0)], axis=1) + AT


def test_a_can_is_pinched_through_its_middle_not_across_the_edge_of_its_lid() -> None:
    for angle in (0.0, 0.5, 2.0):
        wall = AT + 0.03 * np.array([np.cos(angle), np.sin(angle), 0.0]) + [0.0, 0.0, 0.05]
        best = free_closings(wall, round_lid(0.03), 0.07, 0.08)[0]
        assert np.linalg.norm(best.point[:2] - AT[:2]) < 0.008, "the middle of the lid"


def test_a_lying_can_is_pinched_at_its_middle_and_a_contact_below_it_keeps_the_palm_above() -> None:
    line = np.arange(-0.2, 0.2, 0.0036)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    height = np.where((np.abs(x) < 0.05) & (np.abs(y) < 0.03), 0.03 + np.sqrt(np.maximum(0.0, 0.03**2 - y**2)), 0.0)
    can = np.stack([x, y, height], axis=1) + AT
    for z in (0.06, 0.0):
        first = CHOICE.candidates(PinchPoints(AT + np.array([0.0, 0.0, z])), can)[0]
        assert first[2, 3] == pytest.approx(0.03, abs=0.004)
        assert angle_between(first[:3, 1], np.pi / 2) <= 5.1


def test_with_an_axis_the_palm_stays_above_too() -> None:
    low = ON_TOP - np.array([0.0, 0.0, 0.08])
    first = CHOICE.candidates(PinchPoints(low, low, low + np.array([0.1, 0.0, 0.0])), lid(0.06, 0.034, 0.0))[0]
    assert first[2, 3] == pytest.approx(TOP - MOST_OVERLAP, abs=1e-6)
