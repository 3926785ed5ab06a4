"""Small mesh files, written byte by byte: a sheet of 0.2 m in two halves, coloured in any of the ways of its format."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from dense_grasp_train.render.meshes.gltf_file import glb_bytes
from PIL import Image

# Quarters of the picture as it is seen: top left, top right, bottom left, bottom right.
QUARTERS = np.array([[(200, 40, 40), (40, 200, 40)], [(40, 40, 200), (200, 200, 40)]], np.uint8)
VERTICES = [(0, 0, 0), (0.1, 0, 0), (0.2, 0, 0), (0, 0.2, 0), (0.1, 0.2, 0), (0.2, 0.2, 0)]
LEFT, RIGHT = [(0, 1, 4), (0, 4, 3)], [(1, 2, 5), (1, 5, 4)]
UV = [(0, 0), (0.5, 0), (1, 0), (0, 1), (0.5, 1), (1, 1)]


def picture(size: int = 16) -> bytes:
    """The quarters as PNG."""
    data = io.BytesIO()
    Image.fromarray(np.kron(QUARTERS, np.ones((size // 2, size // 2, 1), np.uint8))).save(data, "PNG")
    return data.getvalue()


def obj(
    path: Path, mtl: str | None = "", left: str | None = "one", right: str | None = "one", colours=None, uv=UV, head=""
) -> Path:
    """mtl: text of the library, None for no library. left, right: materials of the halves. colours: of the vertices."""
    lines = [head or ("mtllib sheet.mtl" if mtl is not None else "")]
    for number, vertex in enumerate(VERTICES):
        lines.append(" ".join(map(str, ("v", *vertex, *(colours[number] if colours else ())))))
    lines += [" ".join(map(str, ("vt", *pair))) for pair in uv or ()]
    for material, faces in ((left, LEFT), (right, RIGHT)):
        lines += [f"usemtl {material}"] if material else []
        for face in faces:
            lines.append("f " + " ".join(f"{i + 1}/{i + 1}" if uv else f"{i + 1}" for i in face))
    path.write_text("\n".join(lines) + "\n")
    if mtl is not None:
        path.with_name("sheet.mtl").write_text(mtl)
    return path


def ply(path: Path, colours=None, kind="uchar", faces=None, uv=None, texture: str | None = None, by_face=False) -> Path:
    """colours: of the vertices, as `kind`. faces: colours of left and right. uv: of vertices, or of face corners."""
    of_vertex = [("float", "x"), ("float", "y"), ("float", "z")]
    rows: list[tuple] = [tuple(vertex) for vertex in VERTICES]
    if uv and not by_face:
        of_vertex += [("float", "texture_u"), ("float", "texture_v")]
        rows = [(*row, *pair) for row, pair in zip(rows, uv, strict=True)]
    if colours:
        of_vertex += [(kind, name) for name in ("red", "green", "blue")]
        rows = [(*row, *colour) for row, colour in zip(rows, colours, strict=True)]
    lines = ["ply", "format ascii 1.0"] + ([f"comment TextureFile {texture}"] if texture else [])
    lines += ["element vertex 6", *(f"property {kind} {name}" for kind, name in of_vertex)]
    lines += ["element face 4", "property list uchar int vertex_indices"]
    lines += ["property list uchar float texcoord"] if by_face else []
    lines += [f"property uchar {name}" for name in ("red", "green", "blue")] if faces else []
    lines += ["end_header", *(" ".join(map(str, row)) for row in rows)]
    for number, face in enumerate(LEFT + RIGHT):
        row = [3, *face]
        row += [6, *(value for i in face for value in uv[i])] if by_face else []
        row += list(faces[number // 2]) if faces else []
        lines.append(" ".join(map(str, row)))
    path.write_text("\n".join(lines) + "\n")
    return path


def stl(path: Path, words=(0, 0, 0, 0), header: bytes = b"made") -> Path:
    """words: the two bytes after each of the four triangles."""
    data = header.ljust(80, b"\0") + struct.pack("<I", 4)
    for face, word in zip(LEFT + RIGHT, words, strict=True):
        data += struct.pack("<12f", 0, 0, 1, *(value for i in face for value in VERTICES[i])) + struct.pack("<H", word)
    path.write_bytes(data)
    return path


def glb(
    path: Path, materials=None, left=0, right=0, colours=None, uv=UV, more=None, data=None, embedded=True, **header
):
    """materials: entries of the header. left, right: their numbers for the halves, None for none. colours: COLOR_0.

    uv: TEXCOORD_0. more: further attributes by name. data: the picture's bytes; embedded: in the file, else sheet.png.
    """
    attributes = {"POSITION": np.array(VERTICES, np.float32)}
    if uv is not None:
        attributes["TEXCOORD_0"] = uv if isinstance(uv, np.ndarray) else _top_left(uv)
    if colours is not None:
        attributes["COLOR_0"] = np.asarray(colours)
    attributes |= more or {}
    binary, views, accessors = b"", [], []

    def add(array: np.ndarray, normalised: bool = False) -> int:
        nonlocal binary
        component = {"f4": 5126, "u1": 5121, "u2": 5123, "u4": 5125}[array.dtype.str[1:]]
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        shape = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}[1 if array.ndim == 1 else array.shape[1]]
        accessors.append({"bufferView": len(views) - 1, "componentType": component, "count": len(array), "type": shape})
        accessors[-1] |= {"normalized": True} if normalised else {}
        binary += array.tobytes() + b"\0" * (-array.nbytes % 4)
        return len(accessors) - 1

    numbers = {name: add(array, array.dtype.kind == "u") for name, array in attributes.items()}
    primitives = []
    for material, faces in ((left, LEFT), (right, RIGHT)):
        entry = {"attributes": numbers, "indices": add(np.array(faces, np.uint32).ravel())}
        primitives.append(entry | ({} if material is None else {"material": material}))
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": primitives}],
        "materials": materials or [],
        "accessors": accessors,
        "bufferViews": views,
        "textures": [{"source": 0}],
        "images": [{"uri": "sheet.png"}],
        **header,
    }
    if embedded:
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data or picture())})
        binary += data or picture()
        tree["images"] = [{"bufferView": len(views) - 1, "mimeType": "image/png"}]
    tree["buffers"] = [{"byteLength": len(binary)}]
    path.write_bytes(glb_bytes(tree, binary))
    return path


def _top_left(uv) -> np.ndarray:
    return np.array([(u, 1 - v) for u, v in uv], np.float32)


def pbr(factor=None, texture: bool = False, name: str | None = None, **info) -> dict:
    """A material of glTF; info: more of its baseColorTexture."""
    entry: dict = {} if factor is None else {"baseColorFactor": [*factor, 1.0]}
    if texture:
        entry["baseColorTexture"] = {"index": 0, **info}
    return {"pbrMetallicRoughness": entry, **({"name": name} if name else {})}
