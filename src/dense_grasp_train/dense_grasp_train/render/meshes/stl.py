"""Reader of STL files, and of the two ways in which binary ones give their triangles a colour.

https://en.wikipedia.org/wiki/STL_(file_format)#Color_in_binary_STL: in the two bytes after a triangle, 5 bits a
channel. VisCAM and SolidView: blue lowest, bit 15 set where the triangle has a colour. Materialise Magics: red lowest,
bit 15 set where it has the colour of the whole, which stands as `COLOR=` with four bytes in the header.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.part import MeshError, Part, part_of, with_face_colours

_HEADER = 80
_OWN = 1 << 15


def read_stl(path: Path, mesh: Any) -> list[Part]:
    """Its part, of the trimesh.Trimesh read from it. Raises MeshError where some triangles alone have a colour."""
    words = mesh.face_attributes.get("stl")
    if words is None or len(words) != len(mesh.faces):  # text has no colours
        return [part_of("its surface", mesh)]
    words = np.asarray(words, np.uint16).reshape(-1)
    with path.open("rb") as file:
        header = file.read(_HEADER)
    place = header.find(b"COLOR=")
    if place >= 0 and len(header) >= place + 9:
        whole = np.frombuffer(header, np.uint8, 3, place + len(b"COLOR="))
        colours = np.where((words & _OWN == 0)[:, None], _channels(words), whole)
        return [with_face_colours("its surface", mesh, colours)]
    own = words & _OWN != 0
    if own.any() and not own.all():
        raise MeshError(
            f"mesh {path} gives a colour to {int(own.sum())} of its {len(own)} triangles, expected all or none: colour "
            "the others, or write it as PLY"
        )
    return [
        with_face_colours("its surface", mesh, _channels(words)[:, ::-1]) if own.any() else part_of("its surface", mesh)
    ]


def _channels(words: NDArray[np.uint16]) -> NDArray[np.float64]:
    """(F, 3) 0..255 of the three times 5 bits, lowest first."""
    return np.stack([(words >> shift) & 31 for shift in (0, 5, 10)], axis=1) * (255 / 31)
