"""Laplacian eigenmaps against a surface whose functions are known, and on the cap."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import PART_NAMES
from dense_grasp_train.evaluation.average_cap import places
from dense_grasp_train.methods.spectrum import (
    SpectrumError,
    cap_embedding,
    cotangent_laplacian,
    eigenmaps,
    stitches,
    weld,
)


def rectangle(width: float, height: float, columns: int, rows: int, at: float = 0.0):
    """A flat mesh, (V, 3) and (F, 3)."""
    x, y = np.meshgrid(np.linspace(0, width, columns) + at, np.linspace(0, height, rows))
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = [[first, first + 1, first + columns], [first + 1, first + columns + 1, first + columns]]
    return np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1), np.concatenate([np.stack(f, 1) for f in faces])


def test_rectangle_vibrates_in_cosines():
    vertices, faces = rectangle(2.0, 1.0, 41, 21)
    values, functions = eigenmaps(*cotangent_laplacian(vertices, faces), 3)
    assert values == pytest.approx(np.pi**2 * np.array([0.25, 1.0, 1.0]), rel=0.01)
    expected = np.cos(0.5 * np.pi * vertices[:, 0])
    assert abs(np.corrcoef(functions[:, 0], expected)[0, 1]) > 0.9999


def test_functions_are_orthogonal_and_of_length_one_in_the_mean():
    vertices, faces = rectangle(2.0, 1.0, 21, 11)
    stiffness, mass = cotangent_laplacian(vertices, faces)
    _, functions = eigenmaps(stiffness, mass, 5)
    assert functions.T @ (functions * (mass / mass.sum())[:, None]) == pytest.approx(np.eye(5) / 5, abs=1e-6)
    assert (functions[np.abs(functions).argmax(0), np.arange(5)] > 0).all()


def test_area_is_shared_among_vertices():
    _, mass = cotangent_laplacian(*rectangle(2.0, 1.0, 5, 3))
    assert mass.sum() == pytest.approx(2.0)


def test_parts_that_touch_are_stitched_and_others_are_refused():
    left, right = rectangle(1.0, 1.0, 5, 5), rectangle(1.0, 1.0, 5, 5, at=1.1)
    vertices, faces = np.concatenate([left[0], right[0]]), np.concatenate([left[1], right[1] + 25])
    stiffness, mass = cotangent_laplacian(vertices, faces)
    with pytest.raises(SpectrumError, match="2 parts that do not touch"):
        eigenmaps(stiffness, mass, 2)
    links = stitches(vertices, faces, 0.11)
    assert links.nnz == 10 and links[4, 25] == links[25, 4] == 1.0


def test_more_functions_than_vertices_are_refused():
    with pytest.raises(SpectrumError, match="dimension is 9, expected at most 7 for a mesh of 9 vertices"):
        eigenmaps(*cotangent_laplacian(*rectangle(1.0, 1.0, 3, 3)), 9)


def test_weld_joins_what_coincides():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 1e-7], [1, 1, 0], [1, 0, 0]])
    joined, faces, index = weld(vertices, np.array([[0, 1, 2], [3, 4, 2], [1, 5, 0]]), 1e-4)
    assert len(joined) == 4 and len(faces) == 2
    assert index[1] == index[3] == index[5]


def test_cap_embedding_tells_places_apart_and_the_mirror_keeps_lengths():
    embedding = cap_embedding(8)
    part = np.full(3, PART_NAMES.index("crown"))
    left, right, near_left = embedding(places(part, np.array([[0.2, 0.3], [0.8, 0.3], [0.205, 0.3]])))
    assert embedding.dimension == 8
    assert np.linalg.norm(left - near_left) < 0.2 * np.linalg.norm(left - right)
    # Functions are odd or even under the mirror u -> 1 - u.
    assert np.abs(left) == pytest.approx(np.abs(right), abs=0.05)
    rng = np.random.default_rng(0)
    everywhere = embedding(places(rng.integers(0, 6, 500), rng.random((500, 2))))
    assert np.isfinite(everywhere).all() and 0.3 < np.linalg.norm(everywhere, axis=1).mean() < 3.0
