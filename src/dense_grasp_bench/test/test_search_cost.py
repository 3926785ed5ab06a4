"""The cost of a search counts its own runs of the network, and nothing between searches."""

from __future__ import annotations

import numpy as np
from dense_grasp_bench.search_cost import SearchCost, resident_mb


def test_each_search_has_its_own_runs_and_times():
    cost = SearchCost(lambda rgb: np.zeros((*rgb.shape[:2], 4), np.float32))
    image = np.zeros((8, 8, 3), np.uint8)
    cost(image)
    assert cost.of(lambda: [cost(image).shape for _ in range(3)]) == [(8, 8, 4)] * 3
    cost.of(lambda: cost(image))
    assert cost.passes == [3, 1] and len(cost.wall) == len(cost.processor) == 2
    assert min(cost.wall) > 0.0 and "runs of the network 2 / 3 (n 2)" in cost.summary()
    assert SearchCost(cost).summary() == "image to pose: no search"


def test_memory_that_is_written_to_is_resident():
    before = resident_mb()
    block = np.ones(100_000_000, np.uint8)
    assert 50.0 < resident_mb() - before < 200.0 and block[-1] == 1
