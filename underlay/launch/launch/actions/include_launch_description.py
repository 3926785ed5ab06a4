"""Launch files within launch files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from launch.action import Action
from launch.actions.arguments import DeclareLaunchArgument, SetLaunchConfiguration
from launch.actions.flow import OpaqueFunction
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_source import AnyLaunchDescriptionSource, LaunchDescriptionSource
from launch.substitution import SomeSubstitutionsType, perform_substitutions


class IncludeLaunchDescription(Action):
    """Include a launch file, its arguments given as (name, value) pairs.

    As upstream, the arguments stay set for what follows; put the include into a GroupAction to keep them inside.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = tuple(launch_arguments or ())

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the included description if its path does not depend on the context."""
        description = self.launch_description_source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Return the arguments' settings and the included description.

        Raises:
            RuntimeError: an argument without default is missing.
        """
        description = self.launch_description_source.get_launch_description(context)
        path = self.launch_description_source.location
        here = ("current_launch_file_path", "current_launch_file_directory")
        before = {key: context.get_locals_as_dict()[key] for key in here if key in context.get_locals_as_dict()}
        if os.path.exists(path):
            path = os.path.abspath(path)
            context.extend_locals(dict(zip(here, (path, os.path.dirname(path)))))
        self._check(context, description)
        return [
            *(SetLaunchConfiguration(name, value) for name, value in self.launch_arguments),
            description,
            OpaqueFunction(function=lambda context: context.extend_locals(before)),
        ]

    def _check(self, context: LaunchContext, description: LaunchDescription) -> None:
        given = {perform_substitutions(context, name) for name, _ in self.launch_arguments}
        for entity in description.entities:
            # Deeper arguments may be conditional or set by an include on the way.
            if not isinstance(entity, DeclareLaunchArgument) or entity.condition or entity.default_value is not None:
                continue
            if entity.name not in given:
                raise RuntimeError(
                    f"Included launch description missing required argument '{entity.name}' "
                    f"(description: '{entity.description}'), given: [{', '.join(sorted(given))}]"
                )
