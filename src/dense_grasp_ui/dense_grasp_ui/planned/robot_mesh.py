"""Triangles as files that a browser shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A binary STL: 80 bytes that say nothing, the count, and a row a triangle.
_ROW = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def stl(triangles: NDArray[np.float64]) -> bytes:
    """Binary STL file of triangles (N, 3, 3), m, wound outwards."""
    rows = np.zeros(len(triangles), _ROW)
    rows["corners"] = triangles
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    rows["normal"] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return bytes(80) + np.uint32(len(rows)).astype("<u4").tobytes() + rows.tobytes()


def moved(triangles: NDArray[np.float64], target_from_source: NDArray[np.float64]) -> NDArray[np.float64]:
    """Triangles (N, 3, 3) in another frame, by a pose (4, 4)."""
    return np.asarray(triangles @ target_from_source[:3, :3].T + target_from_source[:3, 3])
