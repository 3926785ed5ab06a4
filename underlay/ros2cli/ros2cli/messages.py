"""Messages from YAML and to YAML."""

from __future__ import annotations

import importlib
import re
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from ros2cli.main import CommandError


def get_interface(name: str, kind: str) -> Any:
    """Return the class of an interface such as std_msgs/msg/String; kind is msg, srv or action.

    Raises:
        CommandError: there is none.
    """
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    if len(parts) != 3 or parts[1] != kind or not all(parts):
        raise CommandError(f"The passed {kind} type is invalid: '{name}', expected e.g. package/{kind}/Type")
    try:
        return getattr(importlib.import_module(f"{parts[0]}.{kind}"), parts[2])
    except (ImportError, AttributeError):
        raise CommandError(f"The passed {kind} type is invalid: '{name}' is not installed") from None


def parse_yaml(text: str) -> dict[str, Any]:
    """Return the mapping in a YAML text.

    Raises:
        CommandError: it is none.
    """
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise CommandError(f"The passed value needs to be a dictionary in YAML format: {error}") from None
    if not isinstance(values, dict):
        raise CommandError("The passed value needs to be a dictionary in YAML format")
    return values


def set_fields(message: Any, values: Mapping[str, Any], now: Any = None) -> None:
    """Set the fields that values name. "now" as a stamp, and "auto" as a header, stand for the time `now`.

    Raises:
        CommandError: a field is unknown or its value does not fit.
    """
    types = message.get_fields_and_field_types()
    for name, value in values.items():
        if name not in types:
            raise CommandError(f"Failed to populate field: {type(message).__name__} has no field '{name}'")
        current = getattr(message, name)
        try:
            setattr(message, name, _value(current, types[name], value, now))
        except (AssertionError, TypeError, ValueError, OverflowError) as error:
            raise CommandError(f"Failed to populate field '{name}' with {value!r}: {error}") from None


def _value(current: Any, type_name: str, value: Any, now: Any) -> Any:
    if hasattr(current, "get_fields_and_field_types"):
        if value == "now" and type_name == "builtin_interfaces/Time":
            return now
        if value == "auto" and type_name == "std_msgs/Header":
            current.stamp = now
            return current
        if not isinstance(value, Mapping):
            raise ValueError("expected a mapping")
        set_fields(current, value, now)
        return current
    element = re.fullmatch(r"sequence<([^,>]+)(?:, *\d+)?>|(.+)\[\d+\]", type_name)
    if element is None:
        return _scalar(type_name, value)
    return _sequence(element[1] or element[2], current, value, now)


def _sequence(element: str, current: Any, value: Any, now: Any) -> Any:
    if isinstance(value, (str, bytes)):
        value = list(value if isinstance(value, bytes) else value.encode())
    if "/" in element:
        kind = get_interface(element, "msg")
        items = [kind() for _ in value]
        return [_value(item, element, entry, now) for item, entry in zip(items, value)]
    items = [_scalar(element, entry) for entry in value]
    return array(current.typecode, items) if isinstance(current, array) else items


def _scalar(type_name: str, value: Any) -> Any:
    if type_name in ("float", "double"):
        return float(value)
    if type_name == "octet":
        return value if isinstance(value, bytes) else bytes([value])
    if type_name.startswith(("string", "wstring")):
        return value if isinstance(value, str) else str(value)
    return value


def to_plain(message: Any, limit: int | None = None, arrays: bool = True) -> Any:
    """Return a message as dictionaries, lists and scalars; sequences and texts are cut after `limit` items."""
    if hasattr(message, "get_fields_and_field_types"):
        return {name: to_plain(getattr(message, name), limit, arrays) for name in message.get_fields_and_field_types()}
    if isinstance(message, (array, np.ndarray, list, tuple)):
        if not arrays:
            return f"<sequence type, length: {len(message)}>"
        items = message[:limit].tolist() if isinstance(message, (array, np.ndarray)) else message[:limit]
        cut = ["..."] if limit is not None and len(message) > limit else []
        return [to_plain(item, limit, arrays) for item in items] + cut
    if isinstance(message, str) and limit is not None and len(message) > limit:
        return message[:limit] + "..."
    if isinstance(message, bytes):
        return list(message)
    return message.item() if isinstance(message, np.generic) else message


def to_yaml(message: Any, limit: int | None = None, arrays: bool = True) -> str:
    """Return a message as YAML."""
    return str(yaml.safe_dump(to_plain(message, limit, arrays), sort_keys=False, allow_unicode=True, width=10**9))
