"""Materials of glTF 2.0 as far as they give a colour: factor, picture, sampler, and where the picture lies.

Factors are linear light, pictures are sRGB (section 3.9.2). Extensions: KHR_texture_transform,
KHR_materials_pbrSpecularGlossiness, EXT_texture_webp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_train.render.meshes.gltf_file import GltfFile
from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.meshes.pictures import decode_picture
from dense_grasp_train.render.surface_colour import Picture, Wrap

_WRAPS: dict[int, Wrap] = {10497: "repeat", 33071: "clamp", 33648: "mirror"}


@dataclass(frozen=True)
class Material:
    """name: how a sentence names it. factor (3,): linear light. coordinates: number of the TEXCOORD of its picture.

    placed (2, 3): takes (u, v, 1), origin at the top left, to where the picture is looked up. see_through: its alpha is
    to be used.
    """

    name: str
    factor: NDArray[np.float64]
    picture: Picture | None = None
    coordinates: int = 0
    placed: NDArray[np.float64] | None = None
    see_through: bool = False


def read_materials(file: GltfFile, untextured: bool) -> list[Material]:
    """The materials of a file in its order. untextured: go on without pictures that are not there. Raises MeshError."""
    pictures: dict[int, NDArray[np.uint8]] = {}
    found = []
    for number, entry in enumerate(file.header.get("materials", ())):
        name = f"material {entry['name']!r}" if "name" in entry else f"material {number}"
        found.append(_material(file, name, entry, pictures, untextured))
    return found


def _material(
    file: GltfFile, name: str, entry: dict[str, Any], pictures: dict[int, NDArray[np.uint8]], untextured: bool
) -> Material:
    glossy = entry.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
    if glossy is not None:
        factor, info = glossy.get("diffuseFactor", (1, 1, 1)), glossy.get("diffuseTexture")
    else:
        surface = entry.get("pbrMetallicRoughness", {})
        factor, info = surface.get("baseColorFactor", (1, 1, 1)), surface.get("baseColorTexture")
    see_through = entry.get("alphaMode", "OPAQUE") != "OPAQUE"
    material = Material(name, np.asarray(factor[:3], np.float64), see_through=see_through)
    if info is None:
        return material
    if not material.factor.any():
        raise MeshError(
            f"mesh {file.path}: {name} multiplies its picture by 0 0 0, which is black: set its colour factor to 1 1 "
            "1, or remove the picture"
        )
    texture = file.header["textures"][info["index"]]
    source = texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source", texture.get("source"))
    sampler = file.header["samplers"][texture["sampler"]] if "sampler" in texture else {}
    try:
        if source is None:
            raise MeshError("of a kind that is not read: write its pictures as PNG or JPEG")
        if source not in pictures:
            pictures[source] = _decoded(file, file.header["images"][source])
    except MeshError as error:
        if untextured:
            return material
        raise MeshError(
            f"mesh {file.path}: {name} has a picture {error}, or --untextured renders it without"
        ) from error
    transform = info.get("extensions", {}).get("KHR_texture_transform", {})
    wrap = tuple(_WRAPS[sampler.get(axis, 10497)] for axis in ("wrapS", "wrapT"))
    picture = Picture(pictures[source], (wrap[0], wrap[1]))
    coordinates = transform.get("texCoord", info.get("texCoord", 0))
    placed = _placed(transform) if transform else None
    return replace(material, picture=picture, coordinates=coordinates, placed=placed)


def _decoded(file: GltfFile, image: dict[str, Any]) -> NDArray[np.uint8]:
    if "bufferView" in image:
        try:
            return decode_picture(file.view(image["bufferView"]))
        except MeshError as error:
            raise MeshError(f"inside the file, {error}") from error
    try:
        return decode_picture(file.resource(image["uri"]))
    except (MeshError, OSError) as error:
        shown = image["uri"] if not image["uri"].startswith("data:") else "inside the file"
        raise MeshError(f"{shown!r}, {error}") from error


def _placed(transform: dict[str, Any]) -> NDArray[np.float64]:
    """Offset after rotation, counter-clockwise as it is seen, after scale.

    The text of the extension, Khronos' viewer, three.js and Blender agree on it; the GLSL beside the text turns the
    other way round.
    """
    angle = transform.get("rotation", 0.0)
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = np.array([[cosine, sine], [-sine, cosine]]) @ np.diag(transform.get("scale", (1.0, 1.0)))
    return np.column_stack([turned, transform.get("offset", (0.0, 0.0))])
