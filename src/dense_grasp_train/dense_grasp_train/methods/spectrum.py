"""Laplacian eigenmaps of a triangle mesh: the smoothest orthogonal functions on its surface.

One decomposition, of the average cap, serves every cap: a place carries over through the shared (part, u, v), so signs
and order of the functions, which a decomposition leaves open, are the same for all instances by construction. A cap's
mirror symmetry needs no treatment beyond that: functions are odd or even under the mirror, and an image tells left from
right by which way round the outline runs. Where it does not (brim hidden, nothing printed) the regression averages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse
from dense_grasp_assets.cap.mesh import build_cap
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh
from scipy.spatial import cKDTree

from dense_grasp_train.evaluation.average_cap import average_cap, places

MESH_RESOLUTION = 0.5
_WELD_M = 1e-5
_STITCH_M = 0.008
_NEIGHBOURS = 3


class SpectrumError(DenseGraspError):
    """A mesh that has no such embedding."""


@dataclass(frozen=True)
class SurfaceEmbedding:
    """Values (V, D) of the functions at the vertices' places, and their tree."""

    tree: cKDTree
    values: NDArray

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.values.shape[1])

    def __call__(self, place: NDArray) -> NDArray:
        """Values (n, D) float32 at places (n, 4), from the three nearest vertices by inverse distance."""
        distance, index = self.tree.query(np.asarray(place, np.float64), k=_NEIGHBOURS)
        weight = 1.0 / np.maximum(distance, 1e-6)
        weight /= weight.sum(1, keepdims=True)
        return np.einsum("nk,nkd->nd", weight, self.values[index]).astype(np.float32)


def weld(vertices: NDArray, faces: NDArray, tolerance: float) -> tuple[NDArray, NDArray, NDArray]:
    """Join vertices (V, 3) that coincide.

    Returns the new vertices (n, 3), the faces without degenerate ones, and the new index of each old vertex (V,).
    """
    keys = np.round(vertices / tolerance).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    joined = inverse[faces]
    distinct = (np.diff(np.sort(joined, 1), axis=1) > 0).all(1)
    return vertices[first], joined[distinct], inverse


def cotangent_laplacian(vertices: NDArray, faces: NDArray) -> tuple[csr_matrix, NDArray]:
    """Stiffness matrix (V, V), positive semidefinite, and the area (V,) of every vertex, of linear finite elements."""
    count = len(vertices)
    corner = vertices[faces]
    rows, columns, weights = [], [], []
    area = 0.5 * np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    for k in range(3):
        first, second = corner[:, (k + 1) % 3] - corner[:, k], corner[:, (k + 2) % 3] - corner[:, k]
        cotangent = (first * second).sum(1) / np.maximum(2.0 * area, 1e-14)
        rows += [faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]]
        columns += [faces[:, (k + 2) % 3], faces[:, (k + 1) % 3]]
        weights += [0.5 * cotangent] * 2
    adjacency = csr_matrix((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (count, count))
    mass = np.bincount(faces.ravel(), np.repeat(area / 3.0, 3), count)
    return _from_adjacency(adjacency), mass


def stitches(vertices: NDArray, faces: NDArray, reach: float) -> csr_matrix:
    """Adjacency (V, V) of weight 1 between the nearest vertices of parts that touch without sharing vertices.

    A brim that is set into the crown is one surface with it to whoever looks; without a link every part would have
    functions of its own. ``reach`` is the largest distance bridged, in metres.
    """
    count = len(vertices)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (count, count))
    parts, part = connected_components(graph, directed=False)
    rows, columns = [np.empty(0, int)], [np.empty(0, int)]
    for index in range(parts):
        here, there = np.flatnonzero(part == index), np.flatnonzero(part != index)
        if not len(there):
            continue
        distance, nearest = cKDTree(vertices[there]).query(vertices[here])
        close = distance <= reach
        rows.append(here[close])
        columns.append(there[nearest[close]])
    first, second = np.concatenate(rows), np.concatenate(columns)
    links = csr_matrix((np.ones(len(first)), (first, second)), (count, count))
    return links.maximum(links.T)


def eigenmaps(stiffness: csr_matrix, mass: NDArray, dimension: int) -> tuple[NDArray, NDArray]:
    """The smoothest functions but the constant one: eigenvalues (D,) ascending and values (V, D).

    Solves ``stiffness f = value mass f``. Functions are orthogonal under the mass; each has the mean square 1 / D over
    the surface, so that embeddings have length 1 in the root mean square. The entry of largest size is positive.

    Raises:
        SpectrumError: more functions than the mesh has, or a mesh of several parts that do not hang together.
    """
    count = len(mass)
    if dimension + 1 >= count:
        raise SpectrumError(f"dimension is {dimension}, expected at most {count - 2} for a mesh of {count} vertices")
    parts = connected_components(stiffness, directed=False)[0]
    if parts > 1:
        raise SpectrumError(f"mesh has {parts} parts that do not touch, expected one")
    start = np.random.default_rng(0).standard_normal(count)
    weight = mass / mass.sum()
    scale = float(stiffness.diagonal().mean() / weight.mean())
    values, functions = eigsh(
        stiffness, k=dimension + 1, M=scipy.sparse.diags(weight), sigma=-1e-9 * scale, which="LM", v0=start
    )
    order = np.argsort(values)[1:]
    functions = functions[:, order] / np.sqrt(dimension)
    largest = functions[np.abs(functions).argmax(0), np.arange(dimension)]
    return values[order] / mass.sum(), functions * np.sign(largest)


@lru_cache(maxsize=2)
def cap_embedding(dimension: int) -> SurfaceEmbedding:
    """Eigenmaps of the average cap, D = ``dimension``; looked up by places. Raises SpectrumError for too many."""
    cap = build_cap(average_cap(), MESH_RESOLUTION)
    vertices, faces, index = weld(cap.vertices, cap.faces, _WELD_M)
    stiffness, mass = cotangent_laplacian(vertices, faces)
    stiffness = stiffness + _from_adjacency(stitches(vertices, faces, _STITCH_M))
    _, functions = eigenmaps(stiffness, mass, dimension)
    return SurfaceEmbedding(cKDTree(places(cap.part_id, cap.part_uv).astype(np.float64)), functions[index])


def _from_adjacency(adjacency: csr_matrix) -> csr_matrix:
    return csr_matrix(scipy.sparse.diags(np.asarray(adjacency.sum(1)).ravel()) - adjacency)
