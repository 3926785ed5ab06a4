import numpy as np
import pytest
from dense_grasp_core.grasping.pinch import PinchSpec, depth_to_overlap, pinch_candidates
from dense_grasp_core.grasping.pinch_choice import SHALLOWER, PinchChoice, PinchPoints, SurfaceError
from dense_grasp_core.grasping.pinch_geometry import GraspError

CONTACT = np.array([0.5, 0.1, 0.15])
AXIS = (CONTACT, CONTACT + np.array([0.0, 0.2, 0.0]))
NOTHING = np.zeros((0, 3))
CHOICE = PinchChoice(pinch_depth=-0.014, sheet_depth=0.004, least_overlap=0.01)


def brim(front: float) -> np.ndarray:
    """A level sheet through CONTACT whose edge is `front` m before it, seen every 3 mm, over a table."""
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(-front, 0.03, 0.003), np.arange(-0.03, 0.03, 0.003)))
    sheet = CONTACT + np.stack([x, y, np.zeros(len(x))], axis=1)
    return np.vstack([sheet, sheet * [1.0, 1.0, 0.0]])


def towards_x(contact=CONTACT) -> PinchPoints:
    return PinchPoints(contact, None, None, CONTACT - [0.05, 0.0, 0.02], CONTACT + np.array([0.05, 0.0, 0.13]))


def test_from_above_the_order_is_upright_before_leaning_and_deep_before_shallow():
    poses = CHOICE.candidates(PinchPoints(CONTACT, *AXIS), NOTHING)
    parts = [pinch_candidates(PinchSpec(CONTACT, *AXIS, pinch_depth=-0.014 - less)) for less in SHALLOWER]
    expected = [pose for part in parts for pose in part[:2]] + [pose for part in parts for pose in part[2:]]
    np.testing.assert_array_equal(poses, expected)


def test_from_above_a_wall_is_overlapped():
    wall = np.array([CONTACT + np.array([0.0, dy, 0.02]) for dy in (-0.004, 0.0, 0.004)])
    poses = CHOICE.candidates(PinchPoints(CONTACT, *AXIS), wall)
    least = depth_to_overlap(CONTACT, wall, 0.01)
    assert len(poses) == 18, "the depths fall together"
    assert poses[0][2, 3] == pytest.approx(CONTACT[2] - least)


def test_along_a_sheet_the_fingers_go_to_the_taught_depth_or_behind_the_edge():
    deep = CHOICE.candidates(towards_x(), brim(front=0.015))
    np.testing.assert_allclose(deep[0][:3, 2], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(deep[0][:3, 3], CONTACT + np.array([0.004, 0, 0]), atol=1e-6)
    assert len(deep) == 42
    at_the_edge = CONTACT - [0.012, 0.0, 0.0]
    corrected = CHOICE.candidates(towards_x(at_the_edge), brim(front=0.015))
    np.testing.assert_allclose(corrected[0][:3, 3], CONTACT + np.array([-0.005, 0, 0]), atol=1e-6)


def test_without_a_surface_an_axis_is_needed():
    with pytest.raises(SurfaceError, match="0 surface points"):
        CHOICE.candidates(towards_x(), NOTHING)
    found = towards_x()
    upright = PinchPoints(found.contact, CONTACT, CONTACT + np.array([0, 0, 0.1]), found.approach_a, found.approach_b)
    poses = CHOICE.candidates(upright, NOTHING)
    np.testing.assert_allclose(poses[0][:3, 3], CONTACT + np.array([0.004, 0, 0]), atol=1e-9)
    with pytest.raises(GraspError, match="only one of approach_a"):
        CHOICE.candidates(PinchPoints(CONTACT, *AXIS, approach_a=CONTACT), NOTHING)


@pytest.mark.parametrize("yaw", np.radians([0.0, 17.0, 38.0, 62.5]))
def test_a_lying_can_is_pinched_square_across_it_and_not_far_above_its_middle(yaw):
    """A round body turns in pads that close askew, and slips out from under pads that are too high."""
    radius, along = 0.031, np.array([np.cos(yaw), np.sin(yaw), 0.0])
    across = np.array([-along[1], along[0], 0.0])
    angle, place = (grid.ravel() for grid in np.meshgrid(np.linspace(0.0, np.pi, 60), np.arange(-0.045, 0.045, 0.003)))
    can = CONTACT + np.outer(place, along) + radius * np.outer(np.cos(angle), across)
    can[:, 2] = radius + radius * np.sin(angle)
    table = np.stack([grid.ravel() for grid in np.meshgrid(np.arange(0.3, 0.7, 0.004), np.arange(-0.1, 0.3, 0.004))], 1)
    table = table[np.linalg.norm(table - CONTACT[:2], axis=1) > 0.06]
    points = np.vstack([can, np.c_[table, np.zeros(len(table))]])
    contact = CONTACT - radius * across
    contact[2] = radius
    poses = CHOICE.candidates(PinchPoints(contact), points)
    upright = [pose for pose in poses if pose[2, 2] < -0.999]
    assert abs(upright[0][:3, 1] @ along) < np.sin(np.radians(4.0))
    heights = sorted({round(float(pose[2, 3]), 4) for pose in upright})
    assert heights[0] == pytest.approx(radius, abs=0.003) and np.diff(heights).max() < 0.0045
