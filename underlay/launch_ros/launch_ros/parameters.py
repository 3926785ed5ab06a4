"""From the `parameters` of a Node to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch import LaunchContext, Substitution
from launch.utilities import perform_substitutions
from launch_ros.parameter_descriptions import ParameterValue, yaml_value


def evaluate_parameter_dict(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameters as {name: value}; nested dictionaries become names joined by dots.

    Text is text. The text of a substitution is read as YAML, so "5" becomes a number; ParameterValue(...,
    value_type=str) prevents that. A list that mixes text and substitutions is one text; a list of lists is a list.

    Raises:
        TypeError: a value is of no type that a parameter can have.
    """
    result: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_substitutions(context, key)
        if isinstance(value, Mapping):
            result.update(evaluate_parameter_dict(context, value, name + "."))
        else:
            result[name] = _evaluate(context, value, name)
    return result


def _evaluate(context: LaunchContext, value: Any, name: str) -> Any:
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, Substitution):
        return yaml_value(perform_substitutions(context, value), name)
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return _evaluate_list(context, list(value), name)
    raise TypeError(f"Unexpected type for parameter value {name}: {value!r}")


def _evaluate_list(context: LaunchContext, items: list[Any], name: str) -> Any:
    if not items:
        raise TypeError(f"parameter {name} is an empty list, which has no type")
    if all(isinstance(item, (str, Substitution)) for item in items):
        if any(isinstance(item, Substitution) for item in items):
            return yaml_value(perform_substitutions(context, items), name)
        return items
    values = [
        yaml_value(perform_substitutions(context, item), name)
        if isinstance(item, (Substitution, list, tuple))
        else item
        for item in items
    ]
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return [float(value) for value in values]
    if len(kinds) != 1 or not kinds <= {bool, int, float, str}:
        raise TypeError(f"Expected a non-empty sequence, with items of uniform type, for {name}, got {values!r}")
    return values
