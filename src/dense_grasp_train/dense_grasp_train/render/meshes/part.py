"""A part of a mesh file: a surface of one material, as every reader gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

from dense_grasp_train.render.surface_colour import Picture


class MeshError(DenseGraspError):
    """A mesh file that cannot be rendered as an object."""


@dataclass(frozen=True)
class Part:
    """A surface of one material, in the file's unit.

    name says in a sentence which part it is. vertices (V, 3), faces (F, 3), normals (V, 3). A picture goes with uv
    (V, 2), origin at the bottom left. colours (V, 3) float32, sRGB 0..255; tint (V, 3) float32, factors of linear
    light, on top of either. Where all are None the file says nothing about this part's colour. see_through: the file
    wants it so, which is not rendered.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    normals: NDArray[np.float64]
    picture: Picture | None = None
    uv: NDArray[np.float64] | None = None
    colours: NDArray[np.float32] | None = None
    tint: NDArray[np.float32] | None = None
    see_through: bool = False

    @property
    def plain(self) -> bool:
        """Whether the file says nothing about its colour."""
        return self.picture is None and self.colours is None and self.tint is None


def part_of(name: str, mesh: Any, **look: Any) -> Part:
    """The part of a trimesh.Trimesh."""
    return Part(
        name,
        np.asarray(mesh.vertices, np.float64),
        np.asarray(mesh.faces, np.int64),
        np.asarray(mesh.vertex_normals, np.float64),
        **look,
    )


def with_face_colours(name: str, mesh: Any, colours: NDArray) -> Part:
    """The part of a trimesh.Trimesh whose faces have colours (F, 3), sRGB 0..255; faces get corners of their own."""
    mesh.unmerge_vertices()
    return part_of(name, mesh, colours=np.repeat(np.asarray(colours, np.float32), 3, axis=0))


def srgb_bytes(values: NDArray) -> NDArray[np.float32]:
    """Colours (N, 3) as a file stores them, bytes, words or fractions, as sRGB 0..255."""
    scale = {"u1": 1.0, "u2": 1 / 257.0}.get(f"{values.dtype.kind}{values.dtype.itemsize}")
    if scale is None:  # fractions, or bytes that came as other numbers
        scale = 255.0 if not len(values) or values.max() <= 1.0 else 1.0
    return np.clip(values.astype(np.float32) * np.float32(scale), 0, 255)
