"""The network file: float16 weights and a JSON header in one safetensors file; loading executes no code.

Importing this and reading a file's header do not import torch, which takes seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from dense_grasp_core.descriptors.network_config import NetworkConfig, NetworkConfigError
from dense_grasp_core.descriptors.optional_torch import require_torch
from dense_grasp_core.descriptors.provenance import Training, Trial, read_training, read_trials
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.scores import DEFAULT_SCORE, UnknownScoreError, match_score

if TYPE_CHECKING:
    from torch import Tensor

    from dense_grasp_core.descriptors.network import DescriptorNetwork

FORMAT_VERSION = 1
HEADER_KEY = "dense_grasp"


class ModelFileError(DenseGraspError):
    """A network file is missing, truncated, damaged, of another version or does not fit its own header."""


@dataclass(frozen=True)
class ModelInfo:
    """What a network file says beside its weights.

    model_id: 16 hex digits of the SHA-256 over weights, architecture, normalise, input_scale; set on saving.
    normalise: descriptors are scaled to length 1 per cell. temperature: t of Eq. 8.
    score: name of what its descriptors are compared by, one of `matching.scores`; Eq. 8 where a header names none.
    found_threshold: score below which a keypoint counts as not found.
    ambiguity_ratio: second peak / first peak above which a match counts as ambiguous.
    input_scale: network input size / camera image size, 1.0, 0.5 or 0.25.
    training: how it was made, None where nobody wrote it down. tried_on: what it found on pictures that it was not
    trained on.
    """

    config: NetworkConfig = field(default_factory=NetworkConfig)
    model_id: str = ""
    normalise: bool = True
    temperature: float = 0.0
    found_threshold: float = 0.5
    ambiguity_ratio: float = 0.97
    input_scale: float = 1.0
    seeds: dict[str, int] = field(default_factory=dict)
    command: str = ""
    training: Training | None = None
    tried_on: tuple[Trial, ...] = ()
    score: str = DEFAULT_SCORE

    def __post_init__(self) -> None:
        if self.input_scale not in (1.0, 0.5, 0.25):
            raise ModelFileError(f"input_scale is {self.input_scale!r}, expected 1.0, 0.5 or 0.25")
        for name in ("found_threshold", "ambiguity_ratio"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ModelFileError(f"{name} is {getattr(self, name)!r}, expected 0..1")
        if not -20.0 < self.temperature < 20.0:
            raise ModelFileError(f"temperature is {self.temperature!r}, expected a number in -20..20")
        try:
            match_score(self.score)
        except UnknownScoreError as error:
            raise ModelFileError(str(error)) from error

    @property
    def is_calibrated(self) -> bool:
        """Whether temperature and thresholds are this network's own, not the defaults."""
        names = ("temperature", "found_threshold", "ambiguity_ratio")
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return any(getattr(self, name) != defaults[name] for name in names)

    @property
    def tried_on_photographs(self) -> bool:
        """Whether anybody measured what it finds on pictures of a camera."""
        return any(trial.photographs for trial in self.tried_on)

    @property
    def stride(self) -> float:
        """Camera pixels per descriptor cell."""
        return self.config.stride / self.input_scale


def save_model(path: str | os.PathLike[str], network: DescriptorNetwork, info: ModelInfo) -> ModelInfo:
    """Writes weights as float16 and returns `info` with config and model_id filled in.

    The file appears whole or not at all. Raises ModelFileError for weights that are not finite in float16.
    """
    target = Path(path)
    tensors = {}
    for name, tensor in network.state_dict().items():
        values = tensor.detach().cpu().numpy()
        with np.errstate(over="ignore"):
            half = values.astype(np.float16) if np.issubdtype(values.dtype, np.floating) else values
        if not np.isfinite(half).all():
            raise ModelFileError(f"weight {name} of {target} is not finite in float16 (was training stable?)")
        tensors[name] = np.asarray(half, order="C")
    info = dataclasses.replace(info, config=network.config)
    info = dataclasses.replace(info, model_id=_model_id(tensors, info))
    write_whole(target, safetensors_content(tensors, info))
    return info


def safetensors_content(tensors: dict[str, NDArray], info: ModelInfo) -> bytes:
    """A network file of tensors by name and the header."""
    from safetensors.numpy import save

    return save(tensors, metadata={HEADER_KEY: header_text(info), "format": "pt"})


def load_model(path: str | os.PathLike[str]) -> tuple[DescriptorNetwork, ModelInfo]:
    """The network (float32, evaluation mode, on the CPU) and what its file says about it.

    Raises ModelFileError when the file is missing, truncated, damaged, of another version or architecture, and
    TorchMissingError where torch is not installed.
    """
    require_torch(f"loading the weights of {path}")
    import torch

    from dense_grasp_core.descriptors.network import DescriptorNetwork

    tensors, info = read_tensors(Path(path))
    network = DescriptorNetwork(info.config)
    try:
        network.load_state_dict({name: _widen(torch.from_numpy(values)) for name, values in tensors.items()})
    except RuntimeError as error:
        raise ModelFileError(f"weights of model file {path} do not fit {info.config}: {error}") from error
    return network.eval(), info


def load_info(path: str | os.PathLike[str]) -> ModelInfo:
    """What a network file says about itself, its weights checked against its id; imports no torch.

    Raises ModelFileError as `load_model`, but for weights that do not fit the architecture.
    """
    return read_tensors(Path(path))[1]


def header_text(info: ModelInfo) -> str:
    """What a network file says beside its weights, as JSON."""
    return json.dumps({"format_version": FORMAT_VERSION, **dataclasses.asdict(info)}, sort_keys=True)


def read_header(path: Path, text: str) -> ModelInfo:
    """The info of a header's JSON text. Raises ModelFileError, which names ``path``, for another version or damage."""
    try:
        header = json.loads(text)
        version = header.pop("format_version")
        if version != FORMAT_VERSION:
            raise ModelFileError(f"model file {path} has format version {version!r}, expected {FORMAT_VERSION}")
        config = NetworkConfig(**header.pop("config"))
        training = read_training(header.pop("training", None))
        tried_on = read_trials(header.pop("tried_on", ()))
        return _checked(path, config, training=training, tried_on=tried_on, **header)
    except (ValueError, KeyError, TypeError, AttributeError, NetworkConfigError) as error:
        raise ModelFileError(f"header of model file {path} is unreadable: {error!r}") from error


def _checked(path: Path, config: NetworkConfig, **values: Any) -> ModelInfo:
    try:
        return ModelInfo(config, **values)
    except ModelFileError as error:
        raise ModelFileError(f"header of model file {path}: {error}") from error


def read_tensors(target: Path) -> tuple[dict[str, NDArray], ModelInfo]:
    """Weights by name, as the file has them, and the header. Raises ModelFileError as `load_info`."""
    if not target.is_file():
        raise ModelFileError(f"model file {target} does not exist")
    try:
        with safe_open(str(target), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        size = target.stat().st_size
        raise ModelFileError(
            f"model file {target} ({size} bytes) is truncated or no safetensors file: {error}"
        ) from error
    if HEADER_KEY not in metadata:
        raise ModelFileError(f"model file {target} has no {HEADER_KEY} header; expected a file of dense_grasp_train")
    info = read_header(target, metadata[HEADER_KEY])
    found = _model_id(tensors, info)
    if found != info.model_id:
        raise ModelFileError(f"model file {target} is damaged: weights have id {found}, header says {info.model_id}")
    return tensors, info


def _model_id(tensors: dict[str, NDArray], info: ModelInfo) -> str:
    """Everything that changes a descriptor is hashed, thresholds and provenance are not."""
    digest = hashlib.sha256()
    digest.update(json.dumps([dataclasses.asdict(info.config), info.normalise, info.input_scale]).encode())
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name} torch.{values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:16]


def _widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def write_whole(target: Path, content: bytes) -> None:
    """Write a model file that appears whole or not at all. Raises ModelFileError when the disk refuses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ModelFileError(f"model file {target} cannot be written: {error}") from error
