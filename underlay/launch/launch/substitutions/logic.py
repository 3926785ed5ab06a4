"""Truth values and expressions."""

from __future__ import annotations

import importlib
from typing import Any

from launch.condition import evaluate_condition_expression
from launch.launch_context import LaunchContext
from launch.substitution import (
    SomeSubstitutionsType,
    Substitution,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)


def _text(value: Any) -> list[Substitution]:
    return normalize_to_list_of_substitutions(str(value) if isinstance(value, (bool, int, float)) else value)


def _lower(truth: bool) -> str:
    return str(truth).lower()


class PythonExpression(Substitution):
    """The text of an evaluated Python expression; names of the modules are known in it."""

    def __init__(self, expression: SomeSubstitutionsType, python_modules: SomeSubstitutionsType = ("math",)) -> None:
        self.expression = normalize_to_list_of_substitutions(expression)
        self.python_modules = normalize_to_list_of_substitutions(python_modules)

    def describe(self) -> str:
        """Return PythonExpr(expression)."""
        return f"PythonExpr({' + '.join(sub.describe() for sub in self.expression)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the text of the value."""
        names: dict[str, Any] = {}
        for module in (importlib.import_module(sub.perform(context)) for sub in self.python_modules):
            if module.__name__ == "math":
                names.update(vars(module))
            names[module.__name__] = module
        # A launch file is a program; evaluating its expressions gives it no power it lacks.
        return str(eval(perform_substitutions(context, self.expression), {}, names))


class EqualsSubstitution(Substitution):
    """Whether two texts are equal; as truth values or numbers if both read so."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = _text(left), _text(right)

    def _equal(self, context: LaunchContext) -> bool:
        left, right = perform_substitutions(context, self.left), perform_substitutions(context, self.right)
        truths = {"true": True, "1": True, "false": False, "0": False}
        if left.lower() in truths and right.lower() in truths:
            return truths[left.lower()] == truths[right.lower()]
        try:
            return abs(float(left) - float(right)) <= 1e-9 * max(abs(float(left)), abs(float(right)))
        except ValueError:
            return left == right

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return _lower(self._equal(context))


class NotEqualsSubstitution(EqualsSubstitution):
    """Whether two texts differ."""

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return _lower(not self._equal(context))


class NotSubstitution(Substitution):
    """The opposite truth value."""

    def __init__(self, value: Any) -> None:
        self.value = _text(value)

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return _lower(not evaluate_condition_expression(context, self.value))


class AndSubstitution(Substitution):
    """Whether both are true."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = _text(left), _text(right)

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return _lower(all(evaluate_condition_expression(context, side) for side in (self.left, self.right)))


class OrSubstitution(AndSubstitution):
    """Whether one is true."""

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return _lower(any(evaluate_condition_expression(context, side) for side in (self.left, self.right)))


class IfElseSubstitution(Substitution):
    """One of two texts."""

    def __init__(self, condition: Any, if_value: Any = "", else_value: Any = "") -> None:
        self.condition, self.if_value, self.else_value = _text(condition), _text(if_value), _text(else_value)

    def perform(self, context: LaunchContext) -> str:
        """Return the text that applies."""
        truth = evaluate_condition_expression(context, self.condition)
        return perform_substitutions(context, self.if_value if truth else self.else_value)
