"""Pinches along a sheet: poses, their order, the surface's normal, how deep past the edge."""

import math
from typing import Any

import numpy as np
import pytest
from dense_grasp_core.grasping.pinch_geometry import GraspError
from dense_grasp_core.grasping.sheet_pinch import SheetSpec, depth_past_edge, sheet_candidates, surface_normal

CONTACT = np.array([0.5, 0.1, 0.08])
BRIM: dict[str, Any] = {"approach_a": (0.4, 0.1, 0.1), "approach_b": (0.6, 0.1, 0.3), "surface_normal": (0.0, 0.0, 2.0)}


def sheet(slope: float = 0.0, half: float = 0.03, noise: float = 0.0) -> np.ndarray:
    """Points of a sheet through CONTACT that rises by `slope` along x, every 3 mm up to `half` m to every side."""
    steps = np.arange(-half, half + 1e-9, 0.003)
    x, y = (grid.ravel() for grid in np.meshgrid(steps, steps))
    z = slope * x + noise * np.random.default_rng(0).standard_normal(len(x))
    return CONTACT + np.stack([x, y, z], axis=1)


def test_along_an_approach_the_hand_is_level_with_the_sheet_whatever_the_height_of_its_points():
    poses = sheet_candidates(SheetSpec(CONTACT, pinch_depth=0.01, yaws=(0.0,), leans=(0.0,), **BRIM))
    assert len(poses) == 2
    for pose, sign in zip(poses, (1.0, -1.0), strict=True):
        np.testing.assert_allclose(pose[:3, 2], [1, 0, 0], atol=1e-12)
        np.testing.assert_allclose(pose[:3, 1], [0, 0, sign], atol=1e-12)
        np.testing.assert_allclose(pose[:3, 3], CONTACT + np.array([0.01, 0, 0]), atol=1e-12)


def test_yaws_turn_the_hand_within_the_sheet_the_straight_one_first():
    poses = sheet_candidates(SheetSpec(CONTACT, pinch_depth=0.01, leans=(0.0,), **BRIM))
    angles = [math.degrees(math.atan2(pose[1, 2], pose[0, 2])) for pose in poses]
    np.testing.assert_allclose(np.abs(angles), [0, 0, 20, 20, 20, 20, 40, 40, 40, 40, 60, 60, 60, 60], atol=1e-9)
    assert len({tuple(np.round(pose.ravel(), 6)) for pose in poses}) == len(poses)
    for pose in poses:
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
        assert abs(pose[2, 1]) == pytest.approx(1.0), "the fingers close across the sheet"
        np.testing.assert_allclose(pose[:3, 3] - 0.01 * pose[:3, 2], CONTACT, atol=1e-12)


def test_after_every_yaw_the_hand_leans_out_of_the_sheet_to_both_sides():
    poses = sheet_candidates(SheetSpec(CONTACT, pinch_depth=0.01, yaws=(0.0, 0.3), **BRIM))
    rise = [math.degrees(math.asin(pose[2, 2])) for pose in poses]
    np.testing.assert_allclose(rise, [0.0] * 4 + [10.0] * 4 + [-10.0] * 4, atol=1e-9)
    for pose in poses[4:]:
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
        assert abs(pose[2, 1]) == pytest.approx(math.cos(math.radians(10.0)))
        np.testing.assert_allclose(pose[:3, 3] - 0.01 * pose[:3, 2], CONTACT, atol=1e-12)


def test_a_taught_axis_decides_the_closing_direction_before_the_surface():
    spec = SheetSpec(CONTACT, axis_a=(0.5, 0.1, 0.0), axis_b=(0.5, 0.3, 0.0), **BRIM)
    first = sheet_candidates(spec)[0]
    np.testing.assert_allclose(first[:3, 1], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(first[:3, 2], [0.5**0.5, 0, 0.5**0.5], atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"approach_b": None}, "only one of approach_a"),
        ({"approach_a": None, "approach_b": None}, "approach_a and approach_b are not given"),
        ({"surface_normal": None}, "without axis and without surface_normal"),
        ({"surface_normal": (0, 0, 0)}, "surface_normal is"),
        ({"approach_b": (0.4, 0.1, 0.5)}, "0.0000 m long across the closing direction"),
        ({"axis_a": (0, 0, 0)}, "only one of axis_a"),
        ({"axis_a": (0, 0, 0), "axis_b": (0, 0, 0.001)}, "0.0010 m long"),
        ({"approach_a": (0.4, np.nan, 0.1)}, "approach_a"),
    ],
)
def test_what_defines_no_pinch_along_a_sheet_is_named(changes, named):
    with pytest.raises(GraspError, match=named):
        sheet_candidates(SheetSpec(CONTACT, **{**BRIM, **changes}))


def test_the_normal_of_a_noisy_sheet_beside_which_the_table_is_seen():
    slope = 0.3
    floor = sheet() * [1.0, 1.0, 0.0]
    flying = CONTACT + np.array([[0.0, 0.0, 0.015], [0.005, 0.0, 0.017]])
    normal = surface_normal(CONTACT, np.vstack([sheet(slope, noise=0.001), floor, flying]))
    expected = np.array([-slope, 0.0, 1.0]) / math.hypot(1.0, slope)
    assert abs(normal @ expected) > math.cos(math.radians(2.5))


def test_a_surface_that_was_hardly_seen_has_no_normal():
    with pytest.raises(GraspError, match=r"0 surface points were seen within 0\.02 m"):
        surface_normal(CONTACT, np.zeros((0, 3)))
    with pytest.raises(GraspError, match="11 surface points"):
        surface_normal(CONTACT, sheet(half=0.004)[[0] * 11])
    line = CONTACT + np.linspace(-0.01, 0.01, 40)[:, None] * [1.0, 0.0, 0.0]
    with pytest.raises(GraspError, match="along a line"):
        surface_normal(CONTACT, line)


@pytest.mark.parametrize("error", [-0.01, 0.0, 0.02])
def test_fingers_end_behind_the_edge_wherever_the_contact_was_found(error):
    edge, forward = CONTACT[0] - 0.03, np.array([1.0, 0.0, 0.0])
    found = CONTACT + np.array([error, 0.0, 0.0])
    depth = depth_past_edge(found, forward, sheet(), 0.012, reach=0.06)
    assert found[0] + depth == pytest.approx(edge + 0.012)


def test_only_what_is_in_the_fingers_way_is_an_edge():
    forward = np.array([1.0, 0.0, 0.0])
    aside = CONTACT + np.array([[-0.035, 0.02, 0.0]] * 5)
    below = CONTACT + np.array([[-0.035, 0.0, -0.1]] * 5)
    flying = CONTACT + np.array([[-0.035, 0.0, 0.0], [-0.034, 0.0, 0.0]])
    seen = np.vstack([sheet(half=0.02), aside, below, flying])
    assert depth_past_edge(CONTACT, forward, seen, 0.0) == pytest.approx(-0.02)
    assert depth_past_edge(CONTACT, forward, seen[:2], 0.0) == -math.inf
