"""What is sent to the robot keeps its limits, begins where it stands, ends where it should, and stops on its path."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.motion.trajectory_goal import Points
from dense_grasp_franka.motion import between, stop_offsets
from dense_grasp_franka.motion_table import (
    LONGEST,
    STOPPING_MS,
    JointLimits,
    MotionTableError,
    motion_table,
    stop_lengths,
    why_refused,
)

LIMITS = JointLimits.fr3()
FULL_LIMITS = (LIMITS.velocity, LIMITS.acceleration, LIMITS.jerk)
START = np.array([0.0, -0.35, 0.0, -1.86, 0.0, 1.5, 0.7])
GOAL = START + np.array([0.5, 0.2, -0.3, 0.3, 0.4, -0.3, 0.6])


def bang_bang(duration: float = 2.0) -> Points:
    """Half the time faster, half slower: the steps of acceleration that time-optimal planners make."""
    middle, speed = 0.5 * (START + GOAL), 2.0 * (GOAL - START) / duration
    velocities = np.array([np.zeros(7), speed, np.zeros(7)])
    return Points(np.array([0.0, 0.5 * duration, duration]), np.array([START, middle, GOAL]), velocities, None)


def test_begins_and_ends_where_it_should():
    table = motion_table(bang_bang(), START)
    np.testing.assert_allclose(table[0], START, atol=1e-9)
    np.testing.assert_allclose(table[-1], GOAL, atol=1e-9)
    assert 2000 < len(table) <= 2000 + 2 * (20 + 1) + 1


def test_steps_of_acceleration_are_smoothed_and_the_path_stays():
    points = bang_bang()
    table = motion_table(points, START)
    assert why_refused(table, LIMITS) == ""
    time = np.arange(len(table)) / 1000 - 0.021  # what two averages of 20 ms delay by
    half = 0.5 * points.times[-1]
    gain = (GOAL - START) / half**2
    t = np.clip(time, 0.0, 2 * half)[:, None]
    exact = np.where(t < half, START + 0.5 * gain * t**2, GOAL - 0.5 * gain * (2 * half - t) ** 2)
    assert np.abs(table - exact).max() < 1e-4


def test_unsmoothed_would_be_refused():
    """The averages are needed: the same motion without them breaks the limit of the jerk."""
    fast = LIMITS.acceleration[0] * 0.9
    steps = np.zeros((401, 7))
    t = np.arange(401) / 1000
    steps[:, 0] = np.where(t < 0.2, 0.5 * fast * t**2, fast * 0.04 - 0.5 * fast * (0.4 - t) ** 2)
    assert "jerk of joint 1" in why_refused(steps, LIMITS)


def test_difference_to_the_commanded_position_is_taken_back_smoothly():
    commanded = START + 0.002
    table = motion_table(bang_bang(), commanded)
    np.testing.assert_allclose(table[0], commanded, atol=1e-9)
    np.testing.assert_allclose(table[-1], GOAL, atol=1e-9)
    assert why_refused(table, LIMITS) == ""


def test_single_point_far_away_in_time_zero_is_blended_not_jumped():
    table = motion_table(Points(np.array([0.0]), START[None], None, None), START + 0.05)
    assert why_refused(table, LIMITS) == ""
    np.testing.assert_allclose(table[-1], START, atol=1e-6)


def test_linear_points_are_refused_when_their_corner_is_too_sharp_and_taken_when_it_is_not():
    corner = np.array([START, START + 0.5, START])
    slow = Points(np.array([0.0, 10.0, 20.0]), corner, None, None)
    assert len(motion_table(slow, START)) > 20_000
    with pytest.raises(MotionTableError, match="acceleration of joint"):
        motion_table(Points(np.array([0.0, 1.0, 2.0]), corner, None, None), START)


def test_too_fast_is_refused_by_name():
    far = START.copy()
    far[3] += 1.5
    points = Points(np.array([0.0, 0.7]), np.array([START, far]), np.zeros((2, 7)), None)
    with pytest.raises(MotionTableError, match=r"speed of joint 4 is 3\.\d+ rad/s after 0\.\d+ s"):
        motion_table(points, START)


def test_too_long_is_refused():
    points = Points(np.array([0.0, LONGEST + 1.0]), np.array([START, GOAL]), np.zeros((2, 7)), None)
    with pytest.raises(MotionTableError, match="lasts 601"):
        motion_table(points, START)


def stop_from(table: np.ndarray, index: int) -> np.ndarray:
    """The rows that are commanded when a stop is asked for at `index`."""
    rows, length = table.tolist(), int(stop_lengths(table)[index])
    return np.array([between(rows, index + offset) for offset in stop_offsets(length)])


@pytest.mark.parametrize("duration", [0.75, 2.0, 5.0])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.45, 0.5, 0.51, 0.9, 1.0])
def test_stops_within_the_limits_on_the_path(duration, share):
    table = motion_table(bang_bang(duration), START)
    index = int(share * (len(table) - 1))
    stop = stop_from(table, index)
    assert why_refused(np.vstack([table[: index + 1], stop]), JointLimits(*FULL_LIMITS, share=1.0)) == ""
    assert len(stop) <= (300 if duration > 1.0 else 500)
    # every position of the stop lies on the path: between two neighbouring rows of the motion
    nearest = np.abs(stop[:, None, :] - table[None, :, :]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-3
    assert (np.abs(stop[-1] - stop[-2]) < 1e-6).all()


def test_a_fast_motion_takes_longer_to_stop():
    quick, slow = motion_table(bang_bang(0.75), START), motion_table(bang_bang(3.0), START)
    assert stop_lengths(quick)[395] > stop_lengths(slow)[1520]
    assert stop_lengths(slow)[0] == STOPPING_MS[0]


def test_between_is_exact_for_a_cubic():
    t = np.arange(10.0)
    rows = np.stack([t**3, 1.0 - t, t**2], axis=1).tolist()
    np.testing.assert_allclose(between(rows, 4.3), [4.3**3, 1.0 - 4.3, 4.3**2], rtol=1e-12)
    np.testing.assert_allclose(between(rows, 25.0), rows[-1])
