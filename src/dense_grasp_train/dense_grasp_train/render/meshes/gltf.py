"""Reader of glTF 2.0 (GLB, glTF): geometry by trimesh, colours from the header.

trimesh drops what is needed here without a word: samplers, all coordinates but the first, colours beside a material's
colour, pictures that it does not find. So it gets a header in which each primitive has its number for a material, and
the coordinates and colours of that primitive as attributes of its own, which it hands through as they are.
"""

from __future__ import annotations

import copy
import io
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.gltf_file import DRACO, GltfFile, glb_bytes, padded
from dense_grasp_train.render.meshes.gltf_materials import Material, read_materials
from dense_grasp_train.render.meshes.part import MeshError, Part, part_of

_UV, _COLOUR = "_UV", "_COLOUR"


def read_gltf(file: GltfFile, untextured: bool) -> list[Part]:
    """Its parts, in the frame of its scene. untextured: go on without pictures that are not there. Raises MeshError."""
    import trimesh

    materials = read_materials(file, untextured)
    header, look_of = _renamed(file, materials)
    binary = b"".join(map(padded, file.buffers))
    scene: Any = trimesh.load_scene(io.BytesIO(glb_bytes(header, binary)), file_type="glb", process=False)
    parts = []
    dumped: list[Any] = scene.dump(concatenate=False)
    for mesh in dumped:
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces):
            visual: Any = mesh.visual
            primitive, material = look_of[int(visual.material.name)]
            if DRACO in primitive.get("extensions", ()) and not np.ptp(mesh.vertices, axis=0).any():
                raise MeshError(f"mesh {file.path}: its Draco data ({DRACO}) cannot be decoded, is it damaged?")
            parts.append(_part(file, mesh, primitive, material))
    return parts


def _renamed(
    file: GltfFile, materials: list[Material]
) -> tuple[dict[str, Any], list[tuple[dict[str, Any], Material | None]]]:
    """The header for trimesh, and each primitive with its material, by the number that is its material's name there.

    The header has one buffer, all of the file's behind each other.
    """
    header = copy.deepcopy(file.header)
    for name in ("images", "textures", "samplers", "materials"):
        header.pop(name, None)
    *starts, end = itertools.accumulate((len(padded(data)) for data in file.buffers), initial=0)
    for view in header.get("bufferViews", ()):
        view["byteOffset"] = view.get("byteOffset", 0) + starts[view["buffer"]]
        view["buffer"] = 0
    header["buffers"] = [{"byteLength": end}]
    look_of: list[tuple[dict[str, Any], Material | None]] = []
    for mesh in header.get("meshes", ()):
        for primitive in mesh["primitives"]:
            material = materials[primitive["material"]] if "material" in primitive else None
            number = 0 if material is None else material.coordinates
            new = {f"TEXCOORD_{number}": _UV, "COLOR_0": _COLOUR, "POSITION": "POSITION", "NORMAL": "NORMAL"}
            for holder in (primitive, primitive.get("extensions", {}).get(DRACO)):
                if holder is not None:
                    attributes = holder["attributes"]
                    holder["attributes"] = {new[name]: attributes[name] for name in new if name in attributes}
            primitive["material"] = len(look_of)
            look_of.append((primitive, material))
    header["materials"] = [{"name": str(number)} for number in range(len(look_of))]
    return header, look_of


def _part(file: GltfFile, mesh: Any, primitive: dict[str, Any], material: Material | None) -> Part:
    name = "a primitive without a material" if material is None else material.name
    tint = None if material is None else np.tile(material.factor, (len(mesh.vertices), 1))
    if _COLOUR in primitive["attributes"]:
        colours = _fractions(np.asarray(mesh.vertex_attributes[_COLOUR]))[:, :3]
        tint = colours if tint is None else tint * colours
    look: dict[str, Any] = {"tint": None if tint is None else tint.astype(np.float32)}
    look["see_through"] = material is not None and material.see_through
    if material is not None and material.picture is not None:
        if _UV not in primitive["attributes"]:
            raise MeshError(
                f"mesh {file.path}: {name} has a picture, and a primitive of it no TEXCOORD_{material.coordinates} for "
                "it: unwrap it"
            )
        uv = _fractions(np.asarray(mesh.vertex_attributes[_UV]))
        if material.placed is not None:
            uv = uv @ material.placed[:, :2].T + material.placed[:, 2]
        look |= {"picture": material.picture, "uv": np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1)}
    return part_of(name, mesh, **look)


def _fractions(values: NDArray) -> NDArray[np.float64]:
    """Integers are fractions of their largest value (section 3.6.2.2)."""
    if values.dtype.kind == "u":
        return values / float(np.iinfo(values.dtype).max)
    return values.astype(np.float64)
