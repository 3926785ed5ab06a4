"""Places are points of the average cap."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import PART_NAMES, cap_point
from dense_grasp_train.evaluation.average_cap import average_cap, places


@pytest.mark.parametrize("name", PART_NAMES)
def test_table_agrees_with_the_surface(name):
    uv = np.random.default_rng(0).uniform(0, 1, (300, 2))
    found = places(np.full(300, PART_NAMES.index(name)), uv)
    expected = cap_point(average_cap(), name, uv[:, 0], uv[:, 1])
    assert np.quantile(np.linalg.norm(found[:, :3] - expected, axis=1), 0.99) < 2e-4


def test_outside_and_inside_of_the_shell_are_apart():
    outside = places(np.array([PART_NAMES.index("crown")]), np.array([[0.3, 0.5]]))
    inside = places(np.array([PART_NAMES.index("inner_crown")]), np.array([[0.3, 0.5]]))
    assert 0.05 < np.linalg.norm(outside - inside) < 0.06
