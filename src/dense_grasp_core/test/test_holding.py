"""When fingers may hold something, by what an executor remembers of them and by their width."""

import numpy as np
import pytest
from dense_grasp_core.grasping.holding import FingerMemory, Grip, held_range
from dense_grasp_core.grasping.interfaces import GraspSettings
from dense_grasp_core.motion.interfaces import WorldModel

SETTINGS = GraspSettings(observe_poses=(), workspace_min=None, workspace_max=None, open_width=0.06)
GRIP = Grip("cap", np.eye(4), WorldModel())


def memory(width: float | None = None) -> FingerMemory:
    made = FingerMemory()
    made.seen(1)
    if width is not None:
        made.holds(held_range(width, SETTINGS), GRIP)
    return made


@pytest.mark.parametrize(
    ("width", "low", "high"), [(0.030, 0.026, 0.034), (0.003, 0.0012, 0.007), (0.073, 0.0657, 0.075)]
)
def test_the_range_lies_around_the_width_within_what_can_be_held(width, low, high):
    held = held_range(width, SETTINGS)
    assert (held.low, held.high) == pytest.approx((low, high))


@pytest.mark.parametrize("width", [0.0, 0.0011, 0.0751, float("nan")])
def test_nothing_is_held_beside_it(width):
    assert held_range(width, SETTINGS) is None


@pytest.mark.parametrize("width", [0.0, 0.0005, 0.06, 0.0605, 0.08, None])
def test_a_fresh_cell_with_closed_or_open_fingers_holds_nothing(width):
    assert memory().why_held(width, SETTINGS) == ""


@pytest.mark.parametrize("width", [0.0013, 0.03, 0.05, 0.07])
def test_fingers_that_stand_between_may_hold_something_when_nothing_is_remembered(width):
    assert "may hold something" in memory().why_held(width, SETTINGS)


def test_what_was_held_is_held_within_its_range_or_while_the_width_is_unknown():
    held = memory(0.058)  # so wide that it looks like open fingers
    assert "last goal" in held.why_held(0.058, SETTINGS)
    assert "last goal" in held.why_held(None, SETTINGS)
    assert held.why_held(0.0, SETTINGS) == ""
    assert "may hold" in held.why_held(0.03, SETTINGS), "something else was put in"


def test_what_is_known_of_a_hand_ends_with_its_node():
    held = memory(0.058)
    held.seen(1)
    assert held.why_held(0.058, SETTINGS)
    held.seen(2)
    assert held.why_held(0.058, SETTINGS) == "" and held.why_held(None, SETTINGS) == ""


def test_empty_fingers_stay_empty_until_somebody_else_moves_them():
    empty = memory(0.03)
    empty.empty()
    empty.left(0.04)
    assert empty.why_held(0.041, SETTINGS) == ""
    assert "may hold" in empty.why_held(0.03, SETTINGS)
