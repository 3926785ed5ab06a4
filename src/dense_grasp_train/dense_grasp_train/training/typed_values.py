"""Settings as YAML gives them: laid over each other, and into the dataclasses of a configuration."""

from __future__ import annotations

import dataclasses
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.typed_fields import ValueMismatch, filled


class ConfigError(DenseGraspError):
    """A configuration file or option that training cannot use."""


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """The values of ``over`` laid over those of ``base``, key by key."""
    merged = dict(base)
    for key, value in over.items():
        nested = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if nested else value
    return merged


def build(kind: Any, values: Any, source: str, prefix: str = "") -> Any:
    """The dataclass ``kind`` filled with ``values``; sentences name ``source`` and the key after ``prefix``.

    Raises:
        ConfigError: an unknown key, or a value of the wrong type.
    """
    try:
        return filled(kind, values, prefix)
    except ValueMismatch as error:
        raise ConfigError(f"{error.name or 'configuration'} in {source} {error.fault}") from error


def changed(options: Any, changes: dict[str, Any], source: str, prefix: str) -> Any:
    """A copy of the dataclass ``options`` with ``changes``. Raises ConfigError as ``build``."""
    built = build(type(options), changes, source, prefix)
    return dataclasses.replace(options, **{key: getattr(built, key) for key in changes})


def plain(value: Any) -> Any:
    """The value with lists for tuples, as YAML and JSON have it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
