"""Plain values, as YAML gives them, into frozen dataclasses; unknown keys and wrong types are errors with a name."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from dense_grasp_core.errors import DenseGraspError


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
    if not isinstance(values, dict):
        raise ConfigError(f"{prefix or 'configuration'} in {source} is {values!r}, expected keys and values")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints), key=str)
    if unknown:
        raise ConfigError(f"{prefix}{unknown[0]} in {source} is unknown, expected one of {', '.join(sorted(hints))}")
    return kind(**{key: _convert(hints[key], value, source, prefix + key) for key, value in values.items()})


def changed(options: Any, changes: dict[str, Any], source: str, prefix: str) -> Any:
    """A copy of the dataclass ``options`` with ``changes``. Raises ConfigError as ``build``."""
    built = build(type(options), changes, source, prefix)
    return dataclasses.replace(options, **{key: getattr(built, key) for key in changes})


def plain(value: Any) -> Any:
    """The value with lists for tuples, as YAML and JSON have it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _convert(hint: Any, value: Any, source: str, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return build(hint, value, source, name + ".")
    wrong = ConfigError(f"{name} in {source} is {value!r}, expected {getattr(hint, '__name__', hint)}")
    if typing.get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{name} in {source} is {value!r}, expected keys and values")
        return dict(value)
    if typing.get_origin(hint) is tuple:
        arguments = typing.get_args(hint)
        if arguments[-1] is Ellipsis:
            if not isinstance(value, (list, tuple)):
                raise ConfigError(f"{name} in {source} is {value!r}, expected a list")
            return tuple(_convert(arguments[0], item, source, name) for item in value)
        if not isinstance(value, (list, tuple)) or len(value) != len(arguments):
            raise ConfigError(f"{name} in {source} is {value!r}, expected {len(arguments)} values")
        return tuple(_convert(h, v, source, name) for h, v in zip(arguments, value, strict=True))
    if hint is float and isinstance(value, str):
        try:
            return float(value)  # YAML 1.1 reads 1e-3 as a string
        except ValueError:
            raise wrong from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise wrong
    return value
