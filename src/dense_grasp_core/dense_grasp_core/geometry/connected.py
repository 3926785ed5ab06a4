"""Which points hang together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


def connected(points: ArrayLike, gap: float, norm: float = 2.0) -> NDArray[np.int64]:
    """The number (n,), from 0, of the piece that each of points (n, d) belongs to: steps within it are at most ``gap``.

    norm: of a step's length, as scipy's Minkowski p.
    """
    tree = cKDTree(np.asarray(points, float))
    graph = tree.sparse_distance_matrix(tree, gap, p=norm)
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
