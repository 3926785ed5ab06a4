"""Plain values, as YAML gives them, into frozen dataclasses: what does not fit is an error with its name."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.parameters import shown

#: Type -> how one value of it is called, and several.
_WORDS = {
    str: ("a text", "texts"),
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
}


class ValueMismatch(DenseGraspError):
    """A value that its field cannot take. name: the field's, with dots between its parts; fault: what is wrong, such as
    "is 'often', expected true or false", so that the caller's sentence may name the file in between.
    """

    def __init__(self, name: str, fault: str):
        self.name, self.fault = name, fault
        super().__init__(f"{name} {fault}")


def filled(kind: Any, values: Any, prefix: str = "") -> Any:
    """The dataclass `kind` filled with `values`; what they leave out has its default.

    Raises ValueMismatch, with names after `prefix`, for an unknown key or a value of another type. YAML 1.1 reads 1e-3
    as a text, so a text that is a number counts as one. A field whose type is no dataclass but has `filled_with(values,
    prefix)` fills itself.
    """
    if not isinstance(values, dict):
        raise ValueMismatch(prefix.rstrip("."), f"is {shown(values)}, expected keys and values")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints), key=str)
    if unknown:
        raise ValueMismatch(f"{prefix}{unknown[0]}", f"is unknown, expected one of {', '.join(sorted(hints))}")
    return kind(**{key: typed_value(hints[key], value, f"{prefix}{key}") for key, value in values.items()})


def typed_value(hint: Any, value: Any, name: str) -> Any:
    """The value as a field of type `hint` holds it. Raises ValueMismatch as `filled`."""
    if hasattr(hint, "filled_with"):
        return hint.filled_with(value, f"{name}.")
    if dataclasses.is_dataclass(hint):
        return filled(hint, value, f"{name}.")
    wrong = ValueMismatch(name, f"is {shown(value)}, expected {_expected(hint)}")
    if typing.get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise wrong
        return dict(value)
    if typing.get_origin(hint) is tuple:
        kinds = typing.get_args(hint)
        if not isinstance(value, (list, tuple)):
            raise wrong
        if kinds[-1] is Ellipsis:
            return tuple(typed_value(kinds[0], item, name) for item in value)
        if len(value) != len(kinds):
            raise wrong
        return tuple(typed_value(kind, item, name) for kind, item in zip(kinds, value, strict=True))
    if hint is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            raise wrong from None
    if type(value) is not hint:
        raise wrong
    return value


def _expected(hint: Any, several: bool = False) -> str:
    """What a value of this type is, in words."""
    if typing.get_origin(hint) is dict or dataclasses.is_dataclass(hint):
        return "keys and values"
    if typing.get_origin(hint) is tuple:
        kinds = typing.get_args(hint)
        if kinds[-1] is Ellipsis:
            return f"{'lists' if several else 'a list'} of {_expected(kinds[0], several=True)}"
        same = len(set(kinds)) == 1
        rows = "rows of " if several else ""
        return f"{rows}{len(kinds)} {_expected(kinds[0], several=True) if same else 'values'}"
    return _WORDS[hint][several] if hint in _WORDS else getattr(hint, "__name__", str(hint))
