"""Eight objects that are no caps, made in code: meshes so fine that their corners carry a picture as colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import trimesh
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.surface_colour import Picture, sample_picture
from dense_grasp_train.render.textures import make_surface
from numpy.typing import NDArray
from trimesh.creation import box, capsule, cylinder, icosphere, revolve, torus

Array = NDArray[np.float64]
_EDGE = 0.003  # longest edge, metres: what the camera resolves at half a metre is 0.8 mm
_PICTURES = ("photo", "photo", "noise", "checker")


def _shifted(mesh: Any, *shift: float) -> Any:
    return mesh.apply_translation(shift)


def _mug() -> Any:
    profile = np.array([[0, 0], [38, 0], [38, 95], [34, 95], [34, 5], [0, 5]]) / 1000.0
    handle = torus(0.026, 0.006).apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    return trimesh.util.concatenate([revolve(profile, sections=48), _shifted(handle, 0.045, 0.0, 0.048)])


def _bottle() -> Any:
    profile = np.array([[0, 0], [32, 0], [34, 10], [34, 90], [26, 115], [12, 130], [12, 155], [0, 155]]) / 1000.0
    body = revolve(profile, sections=48)
    return body.apply_scale([1.0, 0.62, 1.0])


def _bracket() -> Any:
    parts = [box([0.1, 0.05, 0.02]), _shifted(box([0.02, 0.05, 0.08]), -0.04, 0.0, 0.05)]
    return trimesh.util.concatenate(parts)


def _stone() -> Any:
    mesh = icosphere(subdivisions=3, radius=0.05)
    rng = np.random.default_rng(3)
    bumps = sum(0.12 * np.sin(mesh.vertices @ rng.normal(0, 35, 3) + rng.uniform(0, 6)) for _ in range(5))
    mesh.vertices *= (1.0 + bumps)[:, None] * [1.2, 0.9, 0.7]
    return mesh


def _hammer() -> Any:
    head = cylinder(0.018, 0.09).apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
    return trimesh.util.concatenate([_shifted(head, 0.0, 0.0, 0.07), capsule(0.14, 0.011)])


SHAPES: dict[str, Callable[[], Any]] = {
    "box": lambda: box([0.06, 0.035, 0.1]),
    "can": lambda: cylinder(0.033, 0.1, sections=48),
    "mug": _mug,
    "flat bottle": _bottle,
    "bracket": _bracket,
    "ring": lambda: torus(0.045, 0.016, major_sections=48, minor_sections=24),
    "stone": _stone,
    "hammer": _hammer,
}


@lru_cache(maxsize=len(SHAPES))
def make_object(name: str) -> RenderMesh:
    """One of SHAPES in its own frame, metres; its middle is the origin."""
    shape = SHAPES[name]()
    vertices, faces = trimesh.remesh.subdivide_to_size(shape.vertices, shape.faces, _EDGE)
    vertices = vertices - (vertices.min(0) + vertices.max(0)) / 2.0
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    kept = np.linalg.norm(normals, axis=1) > 1e-12
    corners, normals = corners[kept], normals[kept]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = corners.reshape(-1, 3)
    of_corner = np.repeat(normals, 3, axis=0)
    colours = _colours(points, of_corner, list(SHAPES).index(name))
    white = np.full((1, 1, 3), 255, np.uint8)
    index = np.arange(len(points)).reshape(-1, 3)
    return RenderMesh(points, index, of_corner, np.zeros((len(points), 2)), white, colours=colours)


def _colours(points: Array, normals: Array, seed: int) -> NDArray[np.float32]:
    """A picture for each of six sides, laid on along the side's axis."""
    rng = np.random.default_rng([0x0B, seed])
    low, span = points.min(0), np.ptp(points, axis=0).max()
    side = np.abs(normals).argmax(1) * 2 + (
        np.take_along_axis(normals, np.abs(normals).argmax(1)[:, None], 1)[:, 0] > 0
    )
    colours = np.zeros((len(points), 3), np.float32)
    for number in range(6):
        picture = make_surface(str(rng.choice(_PICTURES)), rng, 256)
        own = side == number
        axes = [axis for axis in range(3) if axis != number // 2]
        colours[own] = sample_picture(Picture(picture), (points[own][:, axes] - low[axes]) / span)
    return colours
