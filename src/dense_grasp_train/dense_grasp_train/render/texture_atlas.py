"""One picture for a mesh that has several, colours at its corners, or pictures that go on beyond their border.

Every triangle gets a place of its own in the picture, as large as the triangle is on the object.
"""

from __future__ import annotations

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.surface_colour import colours_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TEXEL = 0.0004  # m; a D435 half a metre away has 0.8 mm a pixel
LARGEST = 4096  # texels of the picture's edge
_BORDER = 2  # texels around a triangle, so that its neighbours in the picture do not shine through
_COARSER = 1.4


class AtlasError(DenseGraspError):
    """A mesh whose triangles do not fit in one picture."""


def bake(mesh: RenderMesh, texel: float = TEXEL) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The colours of a mesh as one square picture: uv of each corner of each face (F, 3, 2), origin at the bottom left,
    and the picture (T, T, 3) uint8 RGB, top row first.

    texel: m of the surface for one texel; coarser where the picture would be larger than LARGEST. Raises AtlasError.
    """
    corners, order = _flattened(mesh.vertices[mesh.faces])
    while True:
        sizes = np.ceil(corners.max(axis=1) / texel).astype(np.int64) + 2 * _BORDER + 1
        edge = 64
        while edge <= LARGEST:
            at = _packed(sizes, edge)
            if at is not None:
                return _drawn(mesh, corners, order, at, sizes, edge, texel)
            edge *= 2
        texel *= _COARSER
        if (2 * _BORDER + 1) ** 2 * len(sizes) > LARGEST**2:
            raise AtlasError(f"mesh has {len(sizes)} triangles, too many for a picture of {LARGEST}x{LARGEST}")


def _flattened(triangles: Floats) -> tuple[Floats, Ints]:
    """Triangles (F, 3, 3) laid flat, the longest edge along x: (F, 3, 2) m, and (F,) which corner comes first."""
    edges = np.linalg.norm(np.roll(triangles, -1, axis=1) - triangles, axis=2)
    order = edges.argmax(axis=1)
    turned = np.take_along_axis(triangles, ((order[:, None] + np.arange(3)) % 3)[:, :, None], axis=1)
    along = turned[:, 1] - turned[:, 0]
    length = np.linalg.norm(along, axis=1)
    aside = turned[:, 2] - turned[:, 0]
    foot = (aside * along).sum(axis=1) / np.maximum(length, 1e-12)
    height = np.sqrt(np.maximum((aside**2).sum(axis=1) - foot**2, 0.0))
    flat = np.zeros((len(triangles), 3, 2))
    flat[:, 1, 0], flat[:, 2, 0], flat[:, 2, 1] = length, foot, height
    return flat, order


def _packed(sizes: Ints, edge: int) -> Ints | None:
    """Column and row (F, 2) of rectangles (F, 2) in rows of falling height; None where they do not fit."""
    at = np.empty_like(sizes)
    column = row = 0
    height = 0
    for index in np.lexsort((-sizes[:, 0], -sizes[:, 1])):
        wide, high = sizes[index]
        if column + wide > edge:
            column, row, height = 0, row + height, 0
        height = max(height, int(high))
        if wide > edge or row + height > edge:
            return None
        at[index] = column, row
        column += int(wide)
    return at


def _drawn(
    mesh: RenderMesh, corners: Floats, order: Ints, at: Ints, sizes: Ints, edge: int, texel: float
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    places = at[:, None, :] + _BORDER + 0.5 + corners / texel  # of the corners, in texels from the top left
    picture = np.zeros((edge, edge, 3), np.uint8)
    faces = np.repeat(np.arange(len(sizes)), sizes.prod(axis=1))
    within = np.arange(len(faces)) - np.repeat(np.cumsum(sizes.prod(axis=1)) - sizes.prod(axis=1), sizes.prod(axis=1))
    column, row = at[faces, 0] + within % sizes[faces, 0], at[faces, 1] + within // sizes[faces, 0]
    weights = _weights(places[faces], np.stack([column, row], axis=1) + 0.5)
    first = order[faces]
    own = np.empty_like(weights)
    for corner in range(3):
        own[np.arange(len(faces)), (first + corner) % 3] = weights[:, corner]
    picture[row, column] = np.clip(np.round(colours_at(mesh, faces, own)), 0, 255)
    uv = np.empty_like(places)
    for corner in range(3):
        uv[np.arange(len(sizes)), (order + corner) % 3] = places[:, corner]
    return np.stack([uv[..., 0] / edge, 1.0 - uv[..., 1] / edge], axis=-1), picture


def _weights(triangles: Floats, points: Floats) -> Floats:
    """Barycentric weights (N, 3) of points (N, 2), outside a triangle (N, 3, 2) those of a place on its border."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    second = ((points - a)[:, 0] * (c - a)[:, 1] - (points - a)[:, 1] * (c - a)[:, 0]) / area
    third = ((b - a)[:, 0] * (points - a)[:, 1] - (b - a)[:, 1] * (points - a)[:, 0]) / area
    weights = np.clip(np.stack([1.0 - second - third, second, third], axis=1), 0.0, 1.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
