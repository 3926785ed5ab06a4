"""The substitutions dense_grasp uses."""

from launch.not_offered import not_offered
from launch.substitution import SubstitutionFailure, TextSubstitution
from launch.substitutions.environment import Command, EnvironmentVariable, FindExecutable
from launch.substitutions.logic import (
    AndSubstitution,
    EqualsSubstitution,
    IfElseSubstitution,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PythonExpression,
)
from launch.substitutions.values import (
    LaunchConfiguration,
    PathJoinSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)

__getattr__ = not_offered(__name__)
__all__ = [
    "AndSubstitution",
    "Command",
    "EnvironmentVariable",
    "EqualsSubstitution",
    "FindExecutable",
    "IfElseSubstitution",
    "LaunchConfiguration",
    "NotEqualsSubstitution",
    "NotSubstitution",
    "OrSubstitution",
    "PathJoinSubstitution",
    "PythonExpression",
    "SubstitutionFailure",
    "TextSubstitution",
    "ThisLaunchFile",
    "ThisLaunchFileDir",
]
