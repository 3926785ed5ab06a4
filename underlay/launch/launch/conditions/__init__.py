"""The conditions dense_grasp uses."""

from __future__ import annotations

from launch.condition import Condition, InvalidConditionExpressionError, evaluate_condition_expression
from launch.not_offered import not_offered
from launch.substitution import SomeSubstitutionsType, perform_substitutions


class IfCondition(Condition):
    """Holds if the text is true."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        super().__init__(predicate=lambda context: evaluate_condition_expression(context, predicate_expression))


class UnlessCondition(Condition):
    """Holds if the text is false."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        super().__init__(predicate=lambda context: not evaluate_condition_expression(context, predicate_expression))


class LaunchConfigurationEquals(Condition):
    """Holds if a launch configuration has a value (None: is not set)."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None) -> None:
        super().__init__(
            predicate=lambda context: (
                context.launch_configurations.get(launch_configuration_name)
                == (None if expected_value is None else perform_substitutions(context, expected_value))
            )
        )


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """Holds if a launch configuration has another value (None: is set)."""

    def evaluate(self, context: object) -> bool:
        """Return whether the condition holds."""
        return not super().evaluate(context)  # type: ignore[arg-type]


__getattr__ = not_offered(__name__)
__all__ = [
    "IfCondition",
    "InvalidConditionExpressionError",
    "LaunchConfigurationEquals",
    "LaunchConfigurationNotEquals",
    "UnlessCondition",
    "evaluate_condition_expression",
]
