"""Which file holds the network that described a keypoint: files are known by the id in their headers."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.parameters import ParameterError
from dense_grasp_core.store import Entry, Row

from dense_grasp.bringup.launch_support import config_file, read_parameter, share_directory
from dense_grasp.perception.scanned_objects import scan_network

R = TypeVar("R", Row, Entry)
#: Kinds of network files, the one to take first where several hold the same network: a graph needs no torch.
_SUFFIXES = (".xml", ".safetensors", ".onnx")


@dataclass(frozen=True)
class NetworkFile:
    """A network's file and its header."""

    path: Path
    info: ModelInfo

    @property
    def name(self) -> str:
        """The network's name for people: the stem of its file."""
        return self.path.stem


def configured_networks(model: str) -> NetworkFiles:
    """The networks that query_node has with this `model` and the rest of config/perception.yaml. Raises as
    `network_places`, and LaunchArgumentError for a file that cannot be read.
    """
    file = config_file("perception.yaml")
    rest = {name: str(read_parameter(file, name, "")) for name in ("scan_model", "further_models")}
    return NetworkFiles(network_places({"model": model, **rest}))


def network_places(values: Mapping[str, Any]) -> list[Path]:
    """Where networks are looked for, by query_node's parameters: the files of `model` and `scan_model`, what
    `further_models` lists, the folder of `model`, and the shipped networks.

    Raises ParameterError for an entry of `further_models` that is not there.
    """
    further = [Path(entry).expanduser() for entry in values["further_models"].split(os.pathsep) if entry]
    for entry in further:
        if not entry.exists():
            expected = f"files and folders that exist, with '{os.pathsep}' between them: {entry} does not"
            raise ParameterError("further_models", values["further_models"], expected)
    model = [Path(values["model"]).expanduser()] if values["model"] else []
    folders = [file.parent for file in model]
    places = [*model, Path(scan_network(values)).expanduser(), *further, *folders, share_directory() / "models"]
    return list(dict.fromkeys(places))


def without_network(rows: Sequence[R], found: Collection[str]) -> list[R]:
    """Keypoints whose network is none of those found, ids: they cannot be found. A point of a scan needs none."""
    return [row for row in rows if row.object_point is None and row.model_id not in found]


class NetworkFiles:
    """The networks in some places, files or folders, of which the first wins. Files may come and go meanwhile; a header
    is read once as long as its file stays the same. Thread-safe.
    """

    def __init__(self, places: Sequence[Path]):
        self._places = places
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[tuple[int, int], NetworkFile | str]] = {}

    def find(self, model_id: str) -> NetworkFile | None:
        """The file of the network with this id, if there is one."""
        return next((file for file in self.files() if file.info.model_id == model_id), None)

    def files(self) -> list[NetworkFile]:
        """Every network that can be read."""
        return [found for found in self._headers() if isinstance(found, NetworkFile)]

    def ids(self) -> list[str]:
        """Of every network that can be read."""
        return [file.info.model_id for file in self.files()]

    def where(self) -> str:
        """Where networks are looked for, and what cannot be read there, for a sentence."""
        unreadable = [found for found in self._headers() if isinstance(found, str)]
        unread = f" ({'; '.join(unreadable)})" if unreadable else ""
        return ", ".join(map(str, self._places)) + unread

    def _headers(self) -> list[NetworkFile | str]:
        """A network, or why its file cannot be read, of each file."""
        with self._lock:
            return [self._header(path) for path in dict.fromkeys(self._paths())]

    def _paths(self) -> Iterator[Path]:
        for place in self._places:
            try:
                paths = [path for path in place.iterdir() if path.suffix in _SUFFIXES]
            except OSError:  # a file; of a folder that may not be listed, reading it says why
                paths = [place]
            yield from sorted(paths, key=_preference)

    def _header(self, path: Path) -> NetworkFile | str:
        try:
            status = path.stat()
            version = status.st_mtime_ns, status.st_size
            known = self._read.get(path)
            if known is None or known[0] != version:
                known = self._read[path] = version, NetworkFile(path, read_info(path))
        except (ModelFileError, OSError) as error:
            return str(error)
        return known[1]


def _preference(path: Path) -> tuple[int, str]:
    known = path.suffix in _SUFFIXES
    return (_SUFFIXES.index(path.suffix) if known else len(_SUFFIXES)), path.name
