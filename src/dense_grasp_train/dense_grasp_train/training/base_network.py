"""Training that starts from a network which saw photographs: it stays frozen, and a residual head is trained on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_info, load_model
from dense_grasp_core.descriptors.network_config import RESIDUALS

from dense_grasp_train.training.typed_values import ConfigError, merge

if TYPE_CHECKING:
    from dense_grasp_core.descriptors.network import DescriptorNetwork

GENERAL = "general"
KEEP = 1.0
_MODELS = Path("models")


def base_file(base: str) -> Path:
    """The file of a base that is given by its name in ``models``, here or of the installed stack, or as a file."""
    path = Path(base)
    if path.suffix:
        return path
    installed = [Path(prefix) / "share/dense_grasp/models" for prefix in _prefixes()]
    found = [folder / f"{base}.safetensors" for folder in (_MODELS, *installed)]
    return next((file for file in found if file.is_file()), found[0])


def _prefixes() -> list[str]:
    """Where ROS 2 packages are installed; empty without ROS."""
    return [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]


def base_info(base: str) -> ModelInfo:
    """What the base's file says. Raises ConfigError for none, a damaged one, or one that no residual head is for."""
    path = base_file(base)
    try:
        info = load_info(path)
    except ModelFileError as error:
        raise ConfigError(f"base is {base!r}: {error}") from error
    if info.config.backbone not in RESIDUALS:
        raise ConfigError(
            f"base is {base!r}, a {info.config.backbone} (model {info.model_id}), expected a network of "
            f"{' or '.join(RESIDUALS)} as `general` is"
        )
    return info


def base_settings(base: str) -> dict[str, Any]:
    """The settings, nested as in a configuration, that follow from the base. Raises ConfigError as ``base_info``."""
    info = base_info(base)
    network = {
        "backbone": RESIDUALS[info.config.backbone],
        "dimension": info.config.dimension,
        "stride": info.config.stride,
        "normalise": info.normalise,
    }
    return {"network": network, "pairs": {"input_scale": info.input_scale}, "keep": KEEP}


def laid_on_base(values: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """The values of a configuration file with those that follow from the base which it, or an option, names.

    A file that names its base may say more than follows from it; of a file that knows of none the base's replace what
    it says of the network. Raises ConfigError as ``base_info``.
    """
    base = overrides.get("base", values.get("base"))
    if not base or not isinstance(base, str):
        return values
    settings = base_settings(base)
    return merge(settings, values) if base == values.get("base") else merge(values, settings)


def check_base(base: str, network: dict[str, Any]) -> None:
    """Refuse values of a configuration's ``network`` with which it would not begin as its base. Raises ConfigError."""
    for key, wanted in base_settings(base)["network"].items():
        if network[key] != wanted:
            raise ConfigError(
                f"network.{key} is {network[key]!r} beside base {base!r}, expected {wanted!r} as the base needs it: "
                "leave it out"
            )


def load_base(network: DescriptorNetwork, base: str) -> None:
    """Give a residual network the frozen weights of its base. Raises ConfigError as ``base_info``."""
    base_info(base)
    weights = load_model(base_file(base))[0].backbone.state_dict()
    network.backbone.base.load_state_dict(weights)  # type: ignore[union-attr, operator]


def base_in_words(base: str) -> str:
    """For the header and the card: where the weights came from."""
    info = base_info(base)
    return f"{base_file(base).stem} (model {info.model_id}, {info.config.backbone}), frozen; a residual head is trained"
