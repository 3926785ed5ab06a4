"""The header of every kind of model file: what a network says beside its weights, read without loading the network.

Needs neither torch nor OpenVINO: a node that only searches for descriptors knows a network by its header.
"""

from __future__ import annotations

import io
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError, safe_open

from dense_grasp_core.descriptors.model_file import HEADER_KEY, ModelFileError, ModelInfo, read_header

# <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>
_METADATA_PROPS, _KEY, _VALUE = 14, 1, 2
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LARGEST_ENTRY = 16 << 20


def read_info(path: str | os.PathLike[str]) -> ModelInfo:
    """The header of a `.safetensors`, `.xml` (OpenVINO IR) or `.onnx` file; weights are neither read nor checked.

    Raises ModelFileError when the file is missing, of another kind, damaged, or has no header.
    """
    target = Path(path).expanduser()
    if target.suffix not in _READERS:
        raise ModelFileError(f"model file {target} is a '{target.suffix}', expected one of {', '.join(_READERS)}")
    if not target.is_file():
        raise ModelFileError(f"model file {target} does not exist")
    try:
        text = _READERS[target.suffix](target)
    except (OSError, ValueError, SafetensorError, ElementTree.ParseError) as error:
        size = target.stat().st_size
        kind = target.suffix[1:]
        raise ModelFileError(f"model file {target} ({size} bytes) is truncated or no {kind} file: {error}") from error
    if text is None:
        raise ModelFileError(
            f"model file {target} has no {HEADER_KEY} header; expected a file of dense_grasp_train's train or export"
        )
    return read_header(target, text)


def _of_safetensors(path: Path) -> str | None:
    with safe_open(str(path), framework="numpy") as file:
        return (file.metadata() or {}).get(HEADER_KEY)


def _of_openvino(path: Path) -> str | None:
    entry = ElementTree.parse(path).getroot().find(f"./rt_info/{HEADER_KEY}")
    return None if entry is None else entry.get("value")


def _of_onnx(path: Path) -> str | None:
    """The value of a ModelProto's metadata_props; the graph, and with it the weights, is skipped."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < end:
            key = _varint(file)
            if key >> 3 == _METADATA_PROPS and key & 7 == _LENGTH:
                entry = _entry(_bytes(file, end))
                if entry.get(_KEY) == HEADER_KEY.encode():
                    return entry.get(_VALUE, b"").decode()
            else:
                _skip(file, key & 7, end)
    return None


def _entry(content: bytes) -> dict[int, bytes]:
    """The length-delimited fields of a message, by number."""
    file, fields = io.BytesIO(content), {}
    while file.tell() < len(content):
        key = _varint(file)
        if key & 7 == _LENGTH:
            fields[key >> 3] = _bytes(file, len(content))
        else:
            _skip(file, key & 7, len(content))
    return fields


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number has more than 64 bits")


def _bytes(file: BinaryIO, end: int) -> bytes:
    length = _varint(file)
    if length > min(end - file.tell(), _LARGEST_ENTRY):
        raise ValueError(f"an entry of {length} bytes does not fit into it")
    return file.read(length)


def _skip(file: BinaryIO, kind: int, end: int) -> None:
    if kind == _VARINT:
        _varint(file)
        return
    sizes: dict[int, Callable[[], int]] = {
        _FIXED64: lambda: 8,
        _LENGTH: lambda: _varint(file),
        _FIXED32: lambda: 4,
    }
    if kind not in sizes:
        raise ValueError(f"a field of wire type {kind}")
    length = sizes[kind]()
    if length > end - file.tell():
        raise ValueError(f"a field of {length} bytes does not fit into it")
    file.seek(length, os.SEEK_CUR)


_READERS: dict[str, Callable[[Path], str | None]] = {
    ".safetensors": _of_safetensors,
    ".xml": _of_openvino,
    ".onnx": _of_onnx,
}
