import math
from typing import Any

import numpy as np
import pytest
from dense_grasp_core.grasping.pinch import PinchSpec, depth_to_overlap, pinch_candidates, pre_grasp
from dense_grasp_core.grasping.pinch_geometry import GraspError

CONTACT = np.array([0.5, 0.1, 0.08])
AXIS: dict[str, Any] = {"axis_a": (0.5, 0.1, 0.08), "axis_b": (0.5, 0.3, 0.12)}


def test_every_candidate_is_a_rigid_motion_with_the_contact_on_its_approach():
    for pose in pinch_candidates(PinchSpec(CONTACT, pinch_depth=0.02, **AXIS)):
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
        np.testing.assert_allclose(pose[:3, 3] - 0.02 * pose[:3, 2], CONTACT, atol=1e-12)
        assert pose[2, 2] < -0.85, "the hand comes from above"


def test_the_first_two_are_upright_and_close_along_the_horizontal_axis():
    first, second = pinch_candidates(PinchSpec(CONTACT, pinch_depth=0.02, **AXIS))[:2]
    np.testing.assert_allclose(first[:3, 2], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(first[:3, 1], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(second[:3, 1], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(first[:3, 3], CONTACT - [0, 0, 0.02], atol=1e-12)


def test_leaning_along_the_edge_comes_first_and_keeps_the_closing_axis():
    tilt = math.radians(10)
    poses = pinch_candidates(PinchSpec(CONTACT, tilts=[tilt], **AXIS))
    assert len(poses) == 2 + 8
    for pose in poses[2:6]:
        assert abs(pose[1, 1]) == pytest.approx(1.0)
        assert pose[2, 2] == pytest.approx(-math.cos(tilt))
    for pose in poses[6:]:
        assert abs(pose[1, 1]) == pytest.approx(math.cos(tilt))
    rotations = {tuple(np.round(pose[:3, :3].ravel(), 6)) for pose in poses}
    assert len(rotations) == len(poses), "no candidate twice"


def test_without_an_axis_closing_directions_cover_half_a_turn_with_both_signs():
    poses = pinch_candidates(PinchSpec(CONTACT, tilts=[], free_yaws=4))
    angles = sorted(math.degrees(math.atan2(pose[1, 1], pose[0, 1])) % 360 for pose in poses)
    np.testing.assert_allclose(np.diff(angles), 45, atol=1e-6)
    assert len(poses) == 8
    assert all(pose[2, 2] == pytest.approx(-1) for pose in poses)


def test_a_tilted_table_turns_the_approach():
    normal = np.array([0.0, math.sin(0.3), math.cos(0.3)])
    pose = pinch_candidates(PinchSpec(CONTACT, table_normal=3 * normal, **AXIS))[0]
    np.testing.assert_allclose(pose[:3, 2], -normal, atol=1e-12)
    assert abs(pose[:3, 1] @ normal) < 1e-12
    free = pinch_candidates(PinchSpec(CONTACT, table_normal=(0, 1, 0)))[0]
    np.testing.assert_allclose(free[:3, 2], [0, -1, 0], atol=1e-12)


def test_pre_grasp_draws_back_along_the_approach():
    pose = pinch_candidates(PinchSpec(CONTACT, pinch_depth=0.0, **AXIS))[0]
    np.testing.assert_allclose(pre_grasp(pose, 0.1)[:3, 3], CONTACT + np.array([0, 0, 0.1]), atol=1e-12)
    np.testing.assert_allclose(pose[:3, 3], CONTACT)


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (PinchSpec(CONTACT, (0.5, 0.1, 0.0), (0.5, 0.1, 0.2)), "0.0000 m long"),
        (PinchSpec(CONTACT, (0.5, 0.1, 0.0), (0.5, 0.105, 0.2)), "0.0050 m long"),
        (PinchSpec(CONTACT, axis_a=(0, 0, 0)), "only one"),
        (PinchSpec((0.5, np.nan, 0.1), **AXIS), "contact"),
        (PinchSpec(CONTACT, (0, 0), (1, 1)), "axis_a"),
        (PinchSpec(CONTACT, table_normal=(0, 0, 0)), "table_normal"),
        (PinchSpec(CONTACT, free_yaws=0), "free_yaws"),
    ],
)
def test_what_defines_no_pinch_is_named(spec, named):
    with pytest.raises(GraspError, match=named):
        pinch_candidates(spec)


def wall(top: float, x: float = 0.5, y: float = 0.1) -> np.ndarray:
    """A vertical wall at x, y, at first those of CONTACT, over a table: points every 4 mm up to `top`."""
    heights = np.arange(0.0, top + 1e-9, 0.004)
    return np.array([(x, y + dy, z) for z in heights for dy in (-0.004, 0.0, 0.004)])


@pytest.mark.parametrize("error", [-0.02, 0.0, 0.03])
def test_tips_end_below_the_top_whatever_height_the_point_was_found_at(error):
    found = CONTACT + np.array([0.0, 0.0, error])
    depth = depth_to_overlap(found, wall(0.1), 0.01)
    tip = pinch_candidates(PinchSpec(found, pinch_depth=depth, **AXIS))[0][2, 3]
    assert tip == pytest.approx(0.1 - 0.01)


def test_a_flying_point_and_what_is_farther_away_do_not_count():
    seen = np.vstack([wall(0.1), CONTACT + np.array([0.0, 0.0, 0.2]), wall(0.3, y=0.15)])
    assert depth_to_overlap(CONTACT, seen, 0.01) == pytest.approx(CONTACT[2] - 0.1 + 0.01)


def test_where_nothing_was_seen_no_depth_is_asked_for():
    assert depth_to_overlap(CONTACT, np.zeros((0, 3)), 0.01) == -math.inf
    assert depth_to_overlap(CONTACT, wall(0.1, x=0.6), 0.01) == -math.inf
