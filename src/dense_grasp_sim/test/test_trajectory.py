"""Splines pass through their points with the derivatives they were given."""

import numpy as np
import pytest
from dense_grasp_sim.physics.trajectory import JointSpline, JointState, TrajectoryError, stopping_spline

TIMES = [0.0, 0.5, 1.2]


def random_table(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 7))


@pytest.mark.parametrize("order", [1, 3, 5])
def test_passes_through_its_points(order: int) -> None:
    p, v, a = random_table(0), random_table(1), random_table(2)
    spline = JointSpline(TIMES, p, v if order > 1 else None, a if order > 3 else None)
    for index, time in enumerate(TIMES[:-1]):
        state = spline.sample(time)
        np.testing.assert_allclose(state.positions, p[index], atol=1e-12)
        if order > 1:
            np.testing.assert_allclose(state.velocities, v[index], atol=1e-12)
        if order > 3:
            np.testing.assert_allclose(state.accelerations, a[index], atol=1e-12)
    before = spline.sample(TIMES[1] - 1e-9)
    np.testing.assert_allclose(before.positions, p[1], atol=1e-6)
    if order > 1:
        np.testing.assert_allclose(before.velocities, v[1], atol=1e-6)


def test_derivatives_match_differences() -> None:
    spline = JointSpline(TIMES, random_table(3), random_table(4), random_table(5))
    h = 1e-5
    for time in (0.2, 0.8, 1.1):
        low, middle, high = (spline.sample(time + step) for step in (-h, 0.0, h))
        np.testing.assert_allclose(middle.velocities, (high.positions - low.positions) / (2 * h), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            middle.accelerations, (high.velocities - low.velocities) / (2 * h), rtol=1e-5, atol=1e-5
        )


def test_rests_in_the_last_point() -> None:
    p = random_table(6)
    state = JointSpline(TIMES, p).sample(9.0)
    np.testing.assert_array_equal(state.positions, p[-1])
    assert not state.velocities.any() and not state.accelerations.any()


def test_stop_goes_on_smoothly_and_ends_at_rest() -> None:
    moving = JointState(np.arange(7.0), np.linspace(-1, 1, 7), np.zeros(7))
    stop = stopping_spline(moving)
    assert stop.duration <= 0.1
    np.testing.assert_allclose(stop.sample(0.0).velocities, moving.velocities, atol=1e-12)
    np.testing.assert_allclose(stop.sample(stop.duration - 1e-9).velocities, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("times", "positions", "words"),
    [
        ([0.0, 0.0], np.zeros((2, 7)), "not strictly increasing"),
        ([0.0, 1.0], np.zeros((3, 7)), "shape"),
        ([0.0, 1.0], np.full((2, 7), np.nan), "not finite"),
    ],
)
def test_malformed_input_is_refused(times, positions, words: str) -> None:
    with pytest.raises(TrajectoryError, match=words):
        JointSpline(times, positions)
