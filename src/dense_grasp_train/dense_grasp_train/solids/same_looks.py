"""Turns after which a solid looks as before: a box with one print on both faces, a loaf. For judging what was found."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Surface:
    """Points (n, 3) m and their colours (n, 3), 0..1."""

    points: Floats
    colours: Floats


def same_looks(solid: Solid, axes: Floats) -> tuple[Floats, ...]:
    """Turns (3, 3) after which the solid looks as before, of the 24 that take the axes (3, 3), rows, to themselves; the
    first is none at all.
    """
    surface = _surface(solid)
    tree, size = cKDTree(surface.points), float(np.linalg.norm(solid.size))
    own = surface.colours[tree.query(surface.points, _NEAR)[1]].mean(axis=1)
    same = [np.eye(3)]
    for turn in _turns(axes):
        off, index = tree.query(surface.points @ turn.T, _NEAR)
        colours = surface.colours[index].mean(axis=1)
        if np.quantile(off[:, 0], 0.95) <= _OFF * size and np.abs(colours - own).mean() <= _OTHER_COLOUR:
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


def _surface(solid: Solid) -> _Surface:
    """Drawn evenly over the solid's surface."""
    rng = np.random.default_rng(0)
    triangles = solid.vertices[solid.faces]
    areas = np.linalg.norm(np.cross(*np.moveaxis(np.diff(triangles, axis=1), 1, 0)), axis=1)
    faces = rng.choice(len(areas), _POINTS, p=areas / areas.sum())
    weights = rng.dirichlet((1.0, 1.0, 1.0), _POINTS)
    at = np.einsum("nk,nkc->nc", weights, solid.uv[solid.faces][faces])
    high, wide = solid.texture.shape[:2]
    rows = np.clip(((1.0 - at[:, 1]) * high).astype(int), 0, high - 1)
    columns = np.clip((at[:, 0] * wide).astype(int), 0, wide - 1)
    points = np.einsum("nk,nkc->nc", weights, triangles[faces])
    return _Surface(points, solid.texture[rows, columns].astype(float) / 255.0)
