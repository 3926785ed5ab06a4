"""The file of a glTF 2.0 mesh: its JSON header, its binary chunk, and what is in it that nobody here reads.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import base64
import importlib.util
import json
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dense_grasp_train.render.meshes.part import MeshError
from dense_grasp_train.render.meshes.pictures import find_file

DRACO = "KHR_draco_mesh_compression"
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_UNREADABLE = {
    "EXT_meshopt_compression": "write it without, e.g. `gltf-transform copy IN OUT`",
    "KHR_meshopt_compression": "write it without, e.g. `gltf-transform copy IN OUT`",
    "KHR_mesh_quantization": "write it without, e.g. `gltf-transform dequantize IN OUT` or `gltfpack -noq`",
    "KHR_texture_basisu": "write its pictures as PNG or JPEG",
}
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


@dataclass(frozen=True)
class GltfFile:
    """A glTF file: path, header as JSON, and the binary chunk of a GLB, empty where it has none."""

    path: Path
    header: dict[str, Any]
    binary: bytes

    @cached_property
    def buffers(self) -> list[bytes]:
        """The bytes of each buffer. Raises MeshError that names a file that is not there."""
        return [self._buffer(entry.get("uri")) for entry in self.header.get("buffers", ())]

    def _buffer(self, uri: str | None) -> bytes:
        if uri is None:
            return self.binary
        try:
            return self.resource(uri)
        except (MeshError, OSError) as error:
            raise MeshError(f"mesh {self.path} has its data in {uri!r}, {error}") from error

    def view(self, index: int) -> bytes:
        """The bytes of a buffer view."""
        view = self.header["bufferViews"][index]
        start = view.get("byteOffset", 0)
        return self.buffers[view["buffer"]][start : start + view["byteLength"]]

    def resource(self, uri: str) -> bytes:
        """The bytes that a URI holds or names. Raises MeshError that completes "names URI, ..."."""
        if uri.startswith("data:"):
            return base64.b64decode(uri.split(",", 1)[-1])
        return find_file(self.path.parent, uri).read_bytes()


def read_gltf_file(path: Path) -> GltfFile:
    """Open a GLB or glTF file with its buffers. Raises MeshError for one that is damaged or holds what is not read."""
    data = path.read_bytes()
    try:
        file = _read_glb(path, data) if data[:4] == b"glTF" else GltfFile(path, json.loads(data), b"")
        _check(file)
        _ = file.buffers
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise MeshError(f"mesh {path} cannot be read: {error!r}") from error
    return file


def _read_glb(path: Path, data: bytes) -> GltfFile:
    chunks: dict[int, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        length, kind = struct.unpack_from("<II", data, place)
        if place + 8 + length > len(data):
            raise ValueError(f"it ends {place + 8 + length - len(data)} bytes early, is it cut off?")
        chunks.setdefault(kind, data[place + 8 : place + 8 + length])
        place += 8 + length
    if _JSON not in chunks:
        raise ValueError("it has no header, is it cut off?")
    return GltfFile(path, json.loads(chunks[_JSON]), chunks.get(_BIN, b""))


def _check(file: GltfFile) -> None:
    header, path = file.header, file.path
    names = [*header.get("extensionsRequired", ()), *header.get("extensionsUsed", ())]
    required = header.get("extensionsRequired", ())
    for name, remedy in _UNREADABLE.items():
        if name in required or (name in names and name == "KHR_mesh_quantization"):
            raise MeshError(f"mesh {path} needs the glTF extension {name}, which is not read: {remedy}")
    primitives = [primitive for mesh in header.get("meshes", ()) for primitive in mesh["primitives"]]
    if any(DRACO in primitive.get("extensions", ()) for primitive in primitives) and not _has_draco():
        raise MeshError(
            f"mesh {path} is compressed with Draco ({DRACO}), which the Python package DracoPy decodes, and that is "
            "not installed: `pip install DracoPy`, or write it without compression"
        )
    if any(primitive.get("mode", _TRIANGLES) == _FAN for primitive in primitives):
        raise MeshError(f"mesh {path} has triangle fans (mode {_FAN}), which are not read: write it as triangles")
    used = {
        index
        for primitive in primitives
        for index in [primitive.get("indices"), *primitive["attributes"].values()]
        if index is not None
    }
    if any("sparse" in header["accessors"][index] for index in used):
        raise MeshError(f"mesh {path} has sparse accessors, which are not read: write it without")


def _has_draco() -> bool:
    return importlib.util.find_spec("DracoPy") is not None


def padded(data: bytes) -> bytes:
    """The bytes of a chunk or buffer, up to a multiple of four."""
    return data + b"\0" * (-len(data) % 4)


def glb_bytes(header: dict[str, Any], binary: bytes) -> bytes:
    """A GLB file of a header and a binary chunk."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    binary = padded(binary)
    chunks = struct.pack("<II", len(text), _JSON) + text
    if binary:
        chunks += struct.pack("<II", len(binary), _BIN) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
