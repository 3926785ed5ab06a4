"""Random poses: inside the workspace, spread, repeatable, and at rest when shown."""

import numpy as np
import pytest
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.placement import Placement, PlacementError, Workspace, random_placement, rotation_of

MARKS = [(-0.095, 0.0), (0.095, 0.0)]


def test_marks_stay_inside_the_workspace() -> None:
    area = Workspace()
    for seed in range(200):
        placement = random_placement(seed, MARKS)
        local = np.array([(x, y, 0.0) for x, y in MARKS])
        points = (local @ rotation_of(placement).T)[:, :2] + [placement.x, placement.y]
        assert area.contains(points)


def test_poses_cover_table_and_yaw() -> None:
    placements = [random_placement(seed, MARKS) for seed in range(300)]
    yaw = np.array([p.yaw for p in placements])
    assert np.histogram(yaw, bins=8, range=(-np.pi, np.pi))[0].min() > 15
    assert np.ptp([p.x for p in placements]) > 0.2 and np.ptp([p.y for p in placements]) > 0.35


def test_same_seed_same_pose() -> None:
    assert random_placement(7, MARKS) == random_placement(7, MARKS) != random_placement(8, MARKS)


def test_crown_down_turns_the_button_to_the_table() -> None:
    down = rotation_of(Placement(0.5, 0.0, 0.7))
    np.testing.assert_allclose(down[:, 2], [0.0, 0.0, -1.0], atol=1e-12)
    np.testing.assert_allclose(down[:, 0], [np.cos(0.7), np.sin(0.7), 0.0], atol=1e-12)
    assert np.linalg.det(down) == pytest.approx(1.0)


@pytest.mark.parametrize("posture", ["crown_down", "crown_up"])
def test_placed_cap_lies_still_on_the_table(posture: str) -> None:
    simulator = Simulator()
    before = simulator.set_scene(1004, Placement(0.5, 0.1, -2.0, posture))
    assert np.sign(before[2, 2]) == (-1 if posture == "crown_down" else 1)
    assert abs(before[0, 3] - 0.5) < 0.03 and abs(before[1, 3] - 0.1) < 0.03
    simulator.step(500)
    np.testing.assert_allclose(simulator.base_from_object(), before, atol=5e-3)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(PlacementError, match="posture is 'sideways'"):
        Placement(0.5, 0.0, 0.0, "sideways")
    with pytest.raises(PlacementError, match="pose_seed is -1"):
        random_placement(-1, MARKS)
    with pytest.raises(PlacementError, match="no pose"):
        random_placement(0, [(-1.0, 0.0), (1.0, 0.0)])
    with pytest.raises(PlacementError, match="finite"):
        Placement(float("nan"), 0.0, 0.0)
