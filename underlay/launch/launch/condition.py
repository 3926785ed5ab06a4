"""Whether an action takes place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from launch.substitution import perform_substitutions

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class InvalidConditionExpressionError(ValueError):
    """A text is neither true nor false."""


def evaluate_condition_expression(context: LaunchContext, expression: Any) -> bool:
    """Return the truth value of a text: true or 1, false or 0, in any case.

    Raises:
        InvalidConditionExpressionError: it is none of these.
    """
    text = perform_substitutions(context, expression)
    value = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
    if value is None:
        raise InvalidConditionExpressionError(
            f"invalid condition expression, expected one of ['true', '1', 'false', '0'] but got '{text}'"
        )
    return value


class Condition:
    """A predicate of the launch context."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        self._predicate = predicate

    def evaluate(self, context: LaunchContext) -> bool:
        """Return whether the condition holds."""
        return True if self._predicate is None else self._predicate(context)
