"""In which order to go to many joint positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray


def short_route(start: Array, goals: Sequence[Array]) -> list[int]:
    """Indices of the joint positions `goals`, (J,) rad each, in an order with little travel from `start` (J,): the
    nearest next, then improved by turning parts of the way round. Travel is that of the joint that moves farthest.
    """
    places = np.array([start, *goals], dtype=float)
    apart = np.abs(places[:, None] - places[None]).max(axis=2)
    route, left = [0], set(range(1, len(places)))
    while left:
        route.append(min(left, key=lambda other: float(apart[route[-1], other])))
        left.remove(route[-1])
    improved = True
    while improved:
        improved = False
        for i in range(1, len(route) - 1):
            for j in range(i + 1, len(route)):
                before = apart[route[i - 1], route[i]] + (apart[route[j], route[j + 1]] if j + 1 < len(route) else 0.0)
                after = apart[route[i - 1], route[j]] + (apart[route[i], route[j + 1]] if j + 1 < len(route) else 0.0)
                if after < before - 1e-9:
                    route[i : j + 1] = route[i : j + 1][::-1]
                    improved = True
    return [index - 1 for index in route[1:]]
