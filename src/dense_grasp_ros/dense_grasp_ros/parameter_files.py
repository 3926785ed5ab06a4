"""What a process' arguments and parameter files set, read as ROS reads them: a mistake is named with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dense_grasp_core.errors import DenseGraspError

COMMAND_LINE = "the command line"
LAUNCH = "the launch file"
#: launch_ros writes what a launch file sets into a file of this name.
_LAUNCH_FILE = "launch_params_"
#: What rclpy declares by itself.
RCLPY_PARAMETERS = ("use_sim_time", "start_type_description_service")
_QOS = "qos_overrides."


class ParameterFileError(DenseGraspError):
    """A parameter file that cannot be read, or a setting in it that no node can take."""


@dataclass(frozen=True)
class Override:
    """One setting. source: the file, COMMAND_LINE or LAUNCH; section: which nodes it is for, such as /** or a name."""

    source: str
    section: str
    name: str
    value: Any

    @property
    def node(self) -> str:
        """The last part of the section: a node's name, or a wildcard."""
        return self.section.rpartition("/")[2]

    @property
    def for_all(self) -> bool:
        """Whether the section names no node."""
        return self.node in ("*", "**")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain values as rcl does: 1e-3 is a number, 12:30 and 2024-01-01 are text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"(?:y|yes|true|on|n|no|false|off)", "yYtToOnNfF"),
    ("int", r"[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)", "-+0123456789"),
    ("float", r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)", None),
    ("null", r"(?:~|null|Null|NULL|)", None),
):
    _flags = re.IGNORECASE if _tag == "bool" else 0
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$", _flags), list(_first) if _first else None
    )


def read_yaml(text: str) -> Any:
    """A YAML text. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)  # a SafeLoader


def read_parameter_file(path: str) -> list[Override]:
    """The settings of a ROS parameter file. Raises ParameterFileError."""
    try:
        content = read_yaml(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterFileError(f"parameter file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParameterFileError(f"parameter file {path} is no UTF-8 text: byte {error.start}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ParameterFileError(
            f"parameter file {path}{line} is no YAML: {getattr(error, 'problem', error)}"
        ) from error
    source = LAUNCH if Path(path).name.startswith(_LAUNCH_FILE) else path
    return list(_sections(source, "", content))


def overrides_of(arguments: Sequence[str]) -> list[Override]:
    """What the ROS arguments of a process set, in their order. Raises ParameterFileError."""
    found: list[Override] = []
    for option, value in _ros_options(arguments):
        if option == "--params-file":
            found += read_parameter_file(value)
        elif option in ("-p", "--param"):
            name, mark, text = value.partition(":=")
            if mark:
                node, colon, own = name.rpartition(":")
                found.append(Override(COMMAND_LINE, node if colon else "/**", own, _plain(text)))
    return found


def node_name(arguments: Sequence[str], name: str) -> str:
    """What a node that calls itself `name` is called after the remappings of the process' arguments."""
    for option, value in _ros_options(arguments):
        if option in ("-r", "--remap"):
            rule, _, new = value.partition(":=")
            if rule in ("__node", "__name", f"{name}:__node", f"{name}:__name"):
                return new
    return name


def is_rclpys(name: str) -> bool:
    """Whether a parameter belongs to rclpy, not to a node's author."""
    return name in RCLPY_PARAMETERS or name.startswith(_QOS)


def check_readable(override: Override) -> None:
    """Raises ParameterFileError for a value that no ROS parameter can have, though it is YAML."""
    value = override.value
    where = f"{override.source}: {override.name} is"
    if value is None:
        raise ParameterFileError(f'{where} empty, expected a value ("" for an empty text)')
    if not isinstance(value, list):
        return
    if not value:
        raise ParameterFileError(
            f"{where} an empty list, which ROS parameters cannot be; expected at least one element"
        )
    kinds = {type(item) for item in value}
    if kinds == {int, float}:
        floats = ", ".join(str(float(item)) for item in value)
        raise ParameterFileError(
            f"{where} {value}, which ROS cannot read: whole and other numbers in one list; write [{floats}]"
        )
    if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
        raise ParameterFileError(f"{where} {value!r}, expected elements of one type")


def _plain(text: str) -> Any:
    try:
        return read_yaml(text)
    except yaml.YAMLError:
        return text


def _ros_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options with a value between --ros-args and --."""
    inside = False
    words = iter(arguments)
    for word in words:
        if word == "--ros-args":
            inside = True
        elif word == "--":
            inside = False
        elif inside and word in ("-p", "--param", "--params-file", "-r", "--remap"):
            yield word, next(words, "")


def _sections(source: str, prefix: str, content: Any) -> Iterator[Override]:
    if not isinstance(content, Mapping) or not content:
        raise ParameterFileError(
            f"{source} is no ROS parameter file, expected a node's name or /**, and ros__parameters"
        )
    for key, inner in content.items():
        section = f"{prefix}/{key}".replace("//", "/") if prefix else str(key)
        if isinstance(inner, Mapping) and "ros__parameters" in inner:
            settings = inner["ros__parameters"]
            if settings is None:
                continue
            if not isinstance(settings, Mapping):
                raise ParameterFileError(
                    f"{source}: ros__parameters of {section} is {settings!r}, expected names and values"
                )
            yield from _settings(source, section, "", settings)
        else:
            yield from _sections_within(source, section, inner)


def _sections_within(source: str, section: str, inner: Any) -> Iterator[Override]:
    if not isinstance(inner, Mapping):
        raise ParameterFileError(
            f"{source}: {section} has no ros__parameters, expected a node's name or /**, and below it ros__parameters"
        )
    yield from _sections(source, section, inner)


def _settings(source: str, section: str, prefix: str, settings: Mapping[Any, Any]) -> Iterator[Override]:
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _settings(source, section, f"{name}.", value)
        else:
            yield Override(source, section, name, value)
