"""ROS nodes as processes."""

from __future__ import annotations

import atexit
import shutil
import signal
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml
from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType
from launch.actions import ExecuteProcess
from launch.logging import get_logger
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch_ros.actions.settings import join_namespace
from launch_ros.parameter_descriptions import Parameter, ParameterFile
from launch_ros.parameters import evaluate_parameter_dict
from launch_ros.substitutions import ExecutableInPackage
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name


class Node(ExecuteProcess):
    """Run a node: an executable of a package, or a path without one.

    parameters: a list of dictionaries and of paths of YAML files; the last one wins. remappings: pairs (from, to).
    Everything else as for ExecuteProcess.
    """

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Sequence[Any] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        if parameters is not None and not isinstance(parameters, list):
            raise TypeError(f"parameters is {parameters!r}, expected a list of dictionaries and paths")
        program = executable if package is None else ExecutableInPackage(package=package, executable=executable)
        super().__init__(cmd=[program, *(arguments or ())], name=exec_name, **kwargs)
        self.node_package = package
        self.node_executable = executable
        self._node_name = name
        self._node_namespace = namespace
        self._parameters = parameters or []
        self._remappings = list(remappings or ())
        self._ros_arguments = list(ros_arguments or ())
        self._full_name: str | None = None

    @property
    def node_name(self) -> str:
        """The full name; known once it runs."""
        if self._full_name is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self._full_name

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Complete the command line and start the process."""
        arguments = [perform_substitutions(context, argument) for argument in self._ros_arguments]
        arguments += self._name_arguments(context)
        for name, value in context.launch_configurations.get("global_params", ()):
            arguments += ["-p", f"{name}:={_inline(value)}"]
        for item in self._parameters:
            arguments += self._parameter_arguments(context, item)
        for old, new in [*context.launch_configurations.get("ros_remaps", ()), *self._remappings]:
            arguments += [
                "-r",
                f"{perform_substitutions(context, old)}:={perform_substitutions(context, new)}",
            ]
        if arguments:
            self.cmd += [normalize_to_list_of_substitutions(text) for text in ("--ros-args", *arguments)]
        return super().execute(context)

    def _name_arguments(self, context: LaunchContext) -> list[str]:
        arguments = []
        name = "<node_name_unspecified>"
        if self._node_name is not None:
            name = perform_substitutions(context, self._node_name)
            validate_node_name(name)
            arguments += ["-r", f"__node:={name}"]
        namespace = None if self._node_namespace is None else perform_substitutions(context, self._node_namespace)
        namespace = join_namespace(context.launch_configurations.get("ros_namespace"), namespace)
        if namespace:
            namespace = namespace if namespace.startswith("/") else f"/{namespace}"
            validate_namespace(namespace)
            arguments += ["-r", f"__ns:={namespace}"]
        self._full_name = f"{'' if namespace == '/' else namespace}/{name}"
        return arguments

    def _parameter_arguments(self, context: LaunchContext, item: Any) -> list[str]:
        if isinstance(item, Mapping):
            return ["--params-file", self._write(evaluate_parameter_dict(context, item))]
        if isinstance(item, Parameter):
            name, value = item.evaluate(context)
            return ["-p", f"{name}:={_inline(value)}"]
        path = (item if isinstance(item, ParameterFile) else ParameterFile(item)).evaluate(context)
        if not path.is_file():
            get_logger("launch_ros").warning("Parameter file path is not a file: %s", path)
            return []
        return ["--params-file", str(path)]

    def _write(self, parameters: dict[str, Any]) -> str:
        # With a namespace of its own, the node is addressed by its full name, as upstream does.
        exact = self._node_name is not None and self._node_namespace is not None
        content = {self.node_name if exact else "/**": {"ros__parameters": parameters}}
        with tempfile.NamedTemporaryFile(
            "w", dir=_parameter_folder(), prefix="launch_params_", suffix=".yaml", delete=False
        ) as file:
            yaml.safe_dump(content, file, default_flow_style=False)
        return file.name


@cache
def _parameter_folder() -> str:
    # A respawned node reads its file again, so the files live as long as the launch.
    folder = tempfile.mkdtemp(prefix="launch_params_")
    atexit.register(_remove, folder)
    return folder


def _remove(folder: str) -> None:
    # Nothing is left to interrupt: a second Ctrl-C now would leave files and a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    shutil.rmtree(folder, ignore_errors=True)


def _inline(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=10**9)).removesuffix("...\n").strip()
