"""Weights and settings of the objective, ``losses`` in a configuration: what the registered terms declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_grasp_core.parameters import shown
from dense_grasp_core.typed_fields import ValueMismatch, typed_value


class LossOptions:
    """The value of every weight (``losses.<term>``) and setting as an attribute; what is not given has its default.

    A weight of 0 leaves the term out. Which there are says ``losses.terms``, when the object is made.
    Raises ValueMismatch for an unknown name or a value of another type.
    """

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(_with_defaults(values, ""))

    @classmethod
    def filled_with(cls, values: Any, prefix: str) -> LossOptions:
        """From plain values, as YAML gives them. Raises ValueMismatch, with names after ``prefix``."""
        if not isinstance(values, dict):
            raise ValueMismatch(prefix.rstrip("."), f"is {shown(values)}, expected keys and values")
        options = cls()
        options.__dict__.update(_with_defaults(values, prefix))
        return options

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"losses.{name} cannot be set: make a changed copy")

    def __getattr__(self, name: str) -> Any:
        # Reached for what __init__ did not set; it tells the type checker that the others are there.
        raise AttributeError(f"losses.{name} is declared by no registered term")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LossOptions) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.items()))

    def __repr__(self) -> str:
        return f"LossOptions({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def weight(self, term: str) -> float:
        """The weight of a registered term."""
        return float(self.__dict__[term])

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return dict(self.__dict__)

    def changed(self, values: Mapping[str, Any]) -> LossOptions:
        """A copy with other values. Raises ValueMismatch."""
        return LossOptions(**{**self.__dict__, **values})


def _with_defaults(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    defaults = declared()
    unknown = sorted(set(values) - set(defaults), key=str)
    if unknown:
        raise ValueMismatch(f"{prefix}{unknown[0]}", f"is unknown, expected one of {', '.join(sorted(defaults))}")
    return defaults | {name: typed_value(type(defaults[name]), value, prefix + name) for name, value in values.items()}


def declared() -> dict[str, Any]:
    """Defaults of all weights, then of all settings, in the registry's order."""
    from dense_grasp_train.losses.terms import TERMS, settings_of  # its modules name this one's class

    settings = {setting.name: setting.default for setting in settings_of(TERMS.values())}
    return {**{term.name: float(term.weight) for term in TERMS.values()}, **settings}
