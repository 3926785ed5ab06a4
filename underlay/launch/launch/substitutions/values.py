"""Values of the launch itself."""

from __future__ import annotations

import os
from collections.abc import Iterable

from launch.launch_context import LaunchContext
from launch.substitution import (
    SomeSubstitutionsType,
    Substitution,
    SubstitutionFailure,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, usually a launch argument."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: object = None) -> None:
        self.variable_name = normalize_to_list_of_substitutions(variable_name)
        # A number or a truth value is a handy default; its text is what counts.
        scalar = isinstance(default, (bool, int, float))
        self.default = (
            None if default is None else normalize_to_list_of_substitutions(str(default) if scalar else default)
        )

    def describe(self) -> str:
        """Return LaunchConfig(name)."""
        return f"LaunchConfig({' + '.join(sub.describe() for sub in self.variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the value; SubstitutionFailure if there is none and no default."""
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return str(context.launch_configurations[name])
        if self.default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self.default)


class PathJoinSubstitution(Substitution):
    """A path from its parts."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        self.substitutions = normalize_to_list_of_substitutions(substitutions)

    def describe(self) -> str:
        """Return the parts."""
        return f"PathJoin({', '.join(part.describe() for part in self.substitutions)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the path."""
        return os.path.join(*(part.perform(context) for part in self.substitutions))


class ThisLaunchFile(Substitution):
    """The path of the launch file that is being read."""

    def perform(self, context: LaunchContext) -> str:
        """Return the path; SubstitutionFailure outside a launch file."""
        if "current_launch_file_path" not in context.get_locals_as_dict():
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file (in a script)")
        return str(context.get_locals_as_dict()["current_launch_file_path"])


class ThisLaunchFileDir(Substitution):
    """The folder of the launch file that is being read."""

    def perform(self, context: LaunchContext) -> str:
        """Return the folder; SubstitutionFailure outside a launch file."""
        if "current_launch_file_directory" not in context.get_locals_as_dict():
            raise SubstitutionFailure("ThisLaunchFileDir used outside of a launch file (in a script)")
        return str(context.get_locals_as_dict()["current_launch_file_directory"])
