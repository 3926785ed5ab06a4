"""How the simulated clock follows the machine."""

from __future__ import annotations

import pytest
from dense_grasp_bench.pace import SLOWEST, has_room, next_factor


@pytest.mark.parametrize("fastest", [1.0, 2.0])
@pytest.mark.parametrize("work", [0.1, 0.5, 1.0, 3.0])
def test_images_become_fresh_whatever_the_machine_needs(work, fastest):
    """`work` s of wall clock to describe an image: its age by the simulated clock is `work` times the factor."""
    factor = 1.0
    for _ in range(40):
        factor = next_factor(factor, work * factor, late=0.7, early=0.35, fastest=fastest)
    assert work * factor <= 0.7
    assert factor == fastest or work * factor >= 0.28, "no slower than needed"


def test_the_clock_never_stops_and_never_runs_ahead():
    assert next_factor(SLOWEST, 100.0, 0.7, 0.35) == SLOWEST
    assert next_factor(1.0, 0.0, 0.7, 0.35) == 1.0
    assert next_factor(1.0, 0.0, 0.7, 0.35, 2.0) == 1.25 and next_factor(2.0, 0.0, 0.7, 0.35, 2.0) == 2.0


def test_a_machine_with_other_loads_falls_back_to_real_time_at_once():
    assert has_room(4.0, 2) and not has_room(6.0, 2)
    assert next_factor(2.0, 0.5, 0.7, 0.35, 1.0) == 1.0
