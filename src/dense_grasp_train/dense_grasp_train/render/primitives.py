"""Boxes, cylinders and spheres that stand about as distractors."""

from __future__ import annotations

import numpy as np

from dense_grasp_train.render.raycast import Floats, RenderMesh
from dense_grasp_train.render.textures import make_surface


def _lathe(radius: Floats, height: Floats, segments: int) -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Turn a profile (n,) radius and height around z: vertices, faces, normals, uv."""
    u, step = np.meshgrid(np.linspace(0, 1, segments + 1), np.arange(len(radius)))
    angle = 2 * np.pi * u
    points = np.stack([radius[step] * np.cos(angle), radius[step] * np.sin(angle), height[step]], -1).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(len(radius) - 1), np.arange(segments), indexing="ij")
    a = (row * (segments + 1) + column).ravel()
    b, c, d = a + 1, a + segments + 1, a + segments + 2
    faces = np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])
    corner = points[faces]
    face_normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    faces = faces[np.linalg.norm(face_normal, axis=1) > 1e-12]
    uv = np.stack([u, step / (len(radius) - 1)], -1).reshape(-1, 2)
    return points, faces, np.zeros_like(points), uv


def flat_shaded(points: Floats, faces: np.ndarray, uv: Floats) -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Give every face its own corners and normal."""
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return (
        corner.reshape(-1, 3),
        np.arange(3 * len(faces)).reshape(-1, 3),
        np.repeat(normal, 3, axis=0),
        uv[faces].reshape(-1, 2),
    )


def make_primitive(kind: str, size: Floats) -> tuple[Floats, np.ndarray, Floats, Floats]:
    """Return vertices, faces, normals, uv of a box, cylinder or sphere of edge lengths `size` (3,) on z = 0."""
    if kind == "box":
        points, faces, _, uv = _lathe(
            np.array([0.0, np.sqrt(0.5), np.sqrt(0.5), 0.0]), np.array([0.0, 0.0, 1.0, 1.0]), 4
        )
        turn = np.array([[1, -1, 0], [1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
        points = points @ turn.T
    elif kind == "cylinder":
        points, faces, _, uv = _lathe(np.array([0.0, 0.5, 0.5, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]), 28)
    else:
        elevation = np.linspace(-np.pi / 2, np.pi / 2, 15)
        points, faces, _, uv = _lathe(0.5 * np.cos(elevation), 0.5 + 0.5 * np.sin(elevation), 28)
    return flat_shaded(points * size, faces, uv)


def make_clutter(rng: np.random.Generator, count: int, photos: str | None = None) -> list[RenderMesh]:
    """Place `count` random primitives on the table around the origin, clear of the cap's own circle."""
    clutter = []
    for _ in range(count):
        kind = str(rng.choice(["box", "cylinder", "sphere", "sheet"]))
        size = rng.uniform(0.03, 0.14, 3)
        if kind == "sheet":
            size = np.array([rng.uniform(0.08, 0.22), rng.uniform(0.08, 0.22), 0.0015])
        elif kind == "sphere":
            size[:] = size[0]
        vertices, faces, normals, uv = make_primitive("box" if kind == "sheet" else kind, size)
        yaw, azimuth, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi), rng.uniform(0.22, 0.42)
        turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        place = np.array([distance * np.cos(azimuth), distance * np.sin(azimuth), 0.0])
        texture = make_surface(str(rng.choice(["plain", "noise", "checker", "felt", "photo"])), rng, 128, photos)
        clutter.append(RenderMesh(vertices @ turn.T + place, faces, normals @ turn.T, uv, texture))
    return clutter
