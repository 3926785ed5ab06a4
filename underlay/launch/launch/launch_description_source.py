"""Where launch descriptions come from."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from typing import Any

from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.substitution import (
    SomeSubstitutionsType,
    Substitution,
    TextSubstitution,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)


class InvalidLaunchFileError(Exception):
    """A file is no launch file."""


class LaunchDescriptionSource:
    """A launch description, or a launch file's path that may hold substitutions."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "<script>",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self._description = launch_description
        self._location: list[Substitution] = normalize_to_list_of_substitutions(location)
        self._path: str | None = None
        self.method = method

    @property
    def location(self) -> str:
        """The path, or its description while it is not known."""
        return self._path or " + ".join(
            sub.text if isinstance(sub, TextSubstitution) else sub.describe() for sub in self._location
        )

    def _read(self, path: str) -> LaunchDescription:
        raise NotImplementedError(f"{type(self).__name__} reads no files")

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description; a file is read once."""
        if self._description is None:
            self._path = perform_substitutions(context, self._location)
            self._description = self._read(self._path)
        return self._description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description if its path is plain text, None otherwise."""
        if self._description is None:
            try:
                self.get_launch_description(LaunchContext())
            except Exception:
                self._path = None
        return self._description


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python file with generate_launch_description()."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _read(self, path: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(path)


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file of a kind that its name tells; only Python is offered."""

    def _read(self, path: str) -> LaunchDescription:
        if path.endswith((".xml", ".yaml", ".yml")):
            raise NotImplementedError(
                f"the launch stand-in of dense_grasp reads Python launch files only, not {path!r}; "
                "ROS's launch has the rest"
            )
        return super()._read(path)


def get_launch_description_from_python_launch_file(python_launch_file_path: str) -> LaunchDescription:
    """Run a launch file and return its description.

    Raises:
        InvalidLaunchFileError: it has no generate_launch_description().
    """
    loader = SourceFileLoader("python_launch_file", python_launch_file_path)
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module: Any = module_from_spec(spec)
    loader.exec_module(module)
    generate: Callable[[], LaunchDescription] | None = getattr(module, "generate_launch_description", None)
    if generate is None:
        raise InvalidLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    return generate()
