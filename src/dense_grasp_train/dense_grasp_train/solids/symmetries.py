"""Turns after which a solid looks as before: a box with one print on both faces, a loaf. For judging what was found."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from dense_grasp_assets.solids.solid import Solid
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
_POINTS = 6000  # of the surface
_NEAR = 12  # points whose mean is the colour of a place: a picture of some distance shows no more
#: Of the turned surface 95 % lies within so large a share of the size from the surface, and colours, 0..1, differ by so
#: much in the mean. Chosen on four objects of robosuite: what a person calls the same has 0.012 to 0.017 and 0.007 to
#: 0.037 (a cereal box with one print on both faces, a loaf, a milk carton), a drink can on other sides 0.088 and more.
_OFF, _OTHER_COLOUR = 0.022, 0.05


def symmetries(solid: Solid, axes: Floats) -> tuple[Floats, ...]:
    """Turns (3, 3) after which the solid looks as before, of the 24 that take the axes (3, 3), rows, to themselves; the
    first is none at all.
    """
    points, colours = _samples(solid)
    tree, size = cKDTree(points), float(np.linalg.norm(solid.size))
    own = colours[tree.query(points, _NEAR)[1]].mean(axis=1)
    same = [np.eye(3)]
    for turn in _turns(axes):
        off, index = tree.query(points @ turn.T, _NEAR)
        is_near = np.quantile(off[:, 0], 0.95) <= _OFF * size
        if is_near and np.abs(colours[index].mean(axis=1) - own).mean() <= _OTHER_COLOUR:
            same.append(turn)
    return tuple(same)


def _turns(axes: Floats) -> list[Floats]:
    """All that take a cube with these axes to itself, but for none."""
    turns = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        turn = np.zeros((3, 3))
        turn[range(3), order] = signs
        if np.linalg.det(turn) > 0 and not np.array_equal(turn, np.eye(3)):
            turns.append(axes.T @ turn @ axes)
    return turns


def _samples(solid: Solid) -> tuple[Floats, Floats]:
    """Points (n, 3) m, evenly over the solid's surface, and their colours (n, 3), 0..1."""
    import trimesh

    mesh = trimesh.Trimesh(solid.vertices, solid.faces, process=False)
    points, faces = trimesh.sample.sample_surface(mesh, _POINTS, seed=0)
    weights = trimesh.triangles.points_to_barycentric(mesh.triangles[faces], points)
    at = np.einsum("nk,nkc->nc", weights, solid.uv[solid.faces][faces])
    high, wide = solid.texture.shape[:2]
    rows = np.clip(((1.0 - at[:, 1]) * high).astype(int), 0, high - 1)
    columns = np.clip((at[:, 0] * wide).astype(int), 0, wide - 1)
    return np.asarray(points), solid.texture[rows, columns].astype(float) / 255.0
