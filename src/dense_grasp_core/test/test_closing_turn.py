"""The hand is turned to a thin wall between its pads, as the wall turns to the hand; anything else is left alone."""

import numpy as np
import pytest
from dense_grasp_core.geometry import se3
from dense_grasp_core.grasping.closing_turn import flat_between_pads

HAND = np.diag([1.0, -1.0, -1.0, 1.0]) @ se3.exp([0.0, 0.0, 0.0, 0.0, 0.0, 0.4])
HAND[:3, 3] = 0.5, 0.1, 0.1


def wall(angle: float, thickness: float = 0.003, radius: float = 0.09) -> np.ndarray:
    """Points (N, 3) m, base frame, of a round wall whose tangent between the pads is `angle` rad off them."""
    rng = np.random.default_rng(3)
    turn, height = rng.uniform(-0.5, 0.5, 400), rng.uniform(-0.05, 0.02, 400)
    out = radius + rng.uniform(-0.5, 0.5, 400) * thickness
    bow = np.stack([out * np.sin(turn), out * np.cos(turn) - radius, -height], axis=1)
    return se3.transform(HAND @ se3.exp([0.0, 0.0, 0.0, 0.0, 0.0, angle]), bow)


@pytest.mark.parametrize("degrees", [-20.0, -11.0, 0.0, 11.0, 20.0])
def test_the_hand_is_turned_to_the_wall(degrees: float) -> None:
    settled = flat_between_pads(wall(np.radians(degrees)), HAND)
    turn = se3.inverse(HAND) @ settled
    assert np.degrees(np.arctan2(turn[1, 0], turn[0, 0])) == pytest.approx(degrees, abs=3.0)
    np.testing.assert_allclose(turn[:3, 3], 0.0, atol=1e-12)
    np.testing.assert_allclose(turn[2, :3], [0.0, 0.0, 1.0], atol=1e-12)


def test_what_is_no_thin_wall_between_the_pads_turns_nothing() -> None:
    rng = np.random.default_rng(4)
    block = se3.transform(HAND, rng.uniform(-1.0, 1.0, (300, 3)) * [0.03, 0.015, 0.02])
    elsewhere = wall(0.3) + np.array([0.0, 0.0, 0.2])
    for points in (block, elsewhere, wall(np.radians(50.0)), wall(0.3, thickness=0.03), np.zeros((0, 3))):
        assert flat_between_pads(points, HAND) is HAND
