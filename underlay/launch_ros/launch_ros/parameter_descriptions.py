"""Parameters of nodes whose values are known only when a launch file runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.not_offered import not_offered
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

_SCALARS = (bool, int, float, str)


def yaml_value(text: str, name: str) -> Any:
    """Return what a text means by the rules of YAML: a scalar or a list of scalars of one type.

    Raises:
        TypeError: it means something else.
    """
    hint = "If the parameter is meant to be a string, wrap it in ParameterValue(value, value_type=str)"
    try:
        value = yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        raise TypeError(f"Unable to parse the value of parameter {name} as yaml. {hint}") from error
    kinds = {type(item) for item in value} if isinstance(value, list) else {type(value)}
    if len(kinds) != 1 or not kinds <= set(_SCALARS):
        raise TypeError(
            f"parameter {name} is {value!r}, expected bool, int, float, str or a list of one of them. {hint}"
        )
    return value


class ParameterValue:
    """A value with its type: int, float, bool, str, List[...] of one of these, or None for YAML's rules."""

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self.value = value
        self.value_type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value.

        Raises:
            ValueError: it is not of the type.
        """
        value = self.value
        if _is_text(value):
            text = perform_substitutions(context, value)
            if self.value_type is str:
                return text
            value = yaml_value(text, "ParameterValue")
        return value if self.value_type is None else _coerce(value, self.value_type)


class Parameter:
    """One parameter: a name and a value."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, *, value_type: Any = None) -> None:
        self.name = normalize_to_list_of_substitutions(name)
        self.parameter_value = ParameterValue(value, value_type=value_type)

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return name and value."""
        return perform_substitutions(context, self.name), self.parameter_value.evaluate(context)


class ParameterFile:
    """A parameter file."""

    def __init__(self, param_file: SomeSubstitutionsType | os.PathLike[str], *, allow_substs: bool = False) -> None:
        if allow_substs:
            raise NotImplementedError(
                "the launch_ros stand-in of dense_grasp reads no substitutions in parameter files; "
                "ROS's launch_ros has the rest"
            )
        self.param_file = normalize_to_list_of_substitutions(
            os.fspath(param_file) if isinstance(param_file, os.PathLike) else param_file
        )

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path."""
        return Path(perform_substitutions(context, self.param_file))


def _is_text(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, Substitution) for item in value)
    return isinstance(value, (str, Substitution))


def _coerce(value: Any, value_type: Any) -> Any:
    (item_type,) = getattr(value_type, "__args__", None) or (None,)
    if item_type is not None:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"parameter value {value!r} is not a {value_type}")
        return [_coerce(item, item_type) for item in value]
    if value_type is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if value_type is str and not isinstance(value, (list, tuple)):
        return str(value)
    if type(value) is not value_type:
        raise ValueError(f"parameter value {value!r} is not of type {value_type.__name__}")
    return value


__getattr__ = not_offered(__name__)
