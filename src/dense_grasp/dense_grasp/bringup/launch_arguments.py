"""The arguments of the launch files: each described once, refused by name when it is unknown or cannot be used.

Nothing here imports launch, so the functions are tested as functions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dense_grasp_core.parameters import ParameterError, ParameterSpec
from dense_grasp_ros.known_parameters import nearest, suggestion
from dense_grasp_ros.parameter_files import read_yaml
from dense_grasp_ros.shared_parameters import CAMERA, GRIPPER, PREFIX, ROBOT_TYPE

from dense_grasp.bringup.launch_support import LaunchArgumentError, flag
from dense_grasp.nodes.grasp_parameters import PLANNER_OPTIONS
from dense_grasp.nodes.robot_parameters import HEARTBEAT_TIMEOUT

#: Launch configurations that launch and launch_ros read themselves.
RESERVED = (
    "ros_namespace",
    "ros_remaps",
    "ros_params",
    "global_params",
    "emulate_tty",
    "sigterm_timeout",
    "sigkill_timeout",
    "launch-prefix",
    "launch-prefix-filter",
)
_ANONYMOUS = "anon"  # the beginning of launch's AnonName
NAMESPACE = ParameterSpec("namespace", "", "before the names of nodes, topics and services", text="name")
UI_PORT = ParameterSpec("ui_port", 8080, "TCP port of the operator's page", low=1, high=65535)
#: How alike a name that another launch file set must be to one of ours to be taken for a mistake.
ALIKE = 0.8
_LAUNCH_FILES = (".launch.py", ".launch.xml", ".launch.yaml", "_launch.py", "_launch.xml", "_launch.yaml")


@dataclass(frozen=True)
class LaunchArgument:
    """One argument of a launch file. An empty value is taken where the default is empty.

    options: the values it may have. is_flag: true or false. spec: the parameter whose value it becomes.
    """

    default: str
    description: str
    options: tuple[str, ...] = ()
    is_flag: bool = False
    spec: ParameterSpec | None = None

    def check(self, name: str, value: str) -> None:
        """Raises LaunchArgumentError."""
        if not value and not self.default:
            return
        if self.is_flag:
            flag(name, value)
        elif self.options and value not in self.options:
            raise LaunchArgumentError(f"launch argument {name} is '{value}', expected one of {', '.join(self.options)}")
        elif self.spec is not None:
            plain = value if self.spec.kind is str else _number(value)
            try:
                self.spec.check(plain)
            except ParameterError:
                raise LaunchArgumentError(
                    f"launch argument {name} is '{value}', expected {self.spec.expected}"
                ) from None


def _number(value: str) -> object:
    plain = read_yaml(value) if "\n" not in value else value
    return plain if isinstance(plain, (int, float)) else value


ARGUMENTS = {
    "sim": LaunchArgument("false", "true: the embedded cell instead of camera and robot", is_flag=True),
    "robot_type": LaunchArgument("", f"{ROBOT_TYPE.description}; empty: as in config/robot.yaml", spec=ROBOT_TYPE),
    "prefix": LaunchArgument("", "before the robot type in names; empty: as in config/robot.yaml", spec=PREFIX),
    "gripper": LaunchArgument("", f"{GRIPPER.description}; empty: as in config/robot.yaml", spec=GRIPPER),
    "robot_ip": LaunchArgument("", "address of the arm; empty: its driver is started elsewhere"),
    "planner": LaunchArgument(
        "",
        "ompl (embedded), moveit_py, move_group or auto (MoveIt where it is installed); empty: as in config/grasp.yaml",
        options=PLANNER_OPTIONS,
    ),
    "heartbeat_timeout": LaunchArgument(
        "",
        "s of silence that stops a motion; empty: as in config/robot.yaml, simulated 2",
        spec=HEARTBEAT_TIMEOUT,
    ),
    "model": LaunchArgument("", "network file; empty: the shipped one"),
    "store": LaunchArgument("", "database URL of the taught points; empty: a file in the ROS home folder"),
    "namespace": LaunchArgument("", "before the names of nodes, topics and services; empty: none", spec=NAMESPACE),
    "camera": LaunchArgument(
        "",
        f"{CAMERA.description}; replay: recorded images; none: its driver is started elsewhere; "
        "empty: as in config/camera.yaml",
    ),
    "camera_serial": LaunchArgument("", "serial number of the camera; empty: the only one that is plugged in"),
    "source": LaunchArgument("", "what replay shows: a folder of recordings or motorcycle; empty: the node's default"),
    "rviz": LaunchArgument("false", "true: start RViz with config/dense_grasp.rviz", is_flag=True),
    "ui": LaunchArgument("true", "true: serve the operator's page, where it is installed", is_flag=True),
    "ui_host": LaunchArgument(
        "127.0.0.1", "address of the operator's page; another than 127.0.0.1 opens it to the network, with a token"
    ),
    "ui_port": LaunchArgument("8080", "TCP port of the operator's page", spec=UI_PORT),
    "use_sim_time": LaunchArgument("false", "take the time from /clock", is_flag=True),
}


def launch_arguments(*names: str, **defaults: str) -> dict[str, LaunchArgument]:
    """Some of the arguments; with other defaults where given."""
    chosen = {name: ARGUMENTS[name] for name in names}
    return {**chosen, **{name: replace(ARGUMENTS[name], default=default) for name, default in defaults.items()}}


def check_names(
    given: Iterable[str], known: Mapping[str, LaunchArgument], file: str, command: Sequence[str] = sys.argv
) -> None:
    """Raises LaunchArgumentError for a launch configuration that is no argument of the launch file.

    command: the process' command line. Where it names another launch file, that one has arguments of its own, and only
    what looks like a mistyped one of ours is refused.
    """
    name = Path(file).name
    others = any(word.endswith(_LAUNCH_FILES) and Path(word).name != name for word in command)
    for argument in given:
        if argument in known or argument in RESERVED or argument.startswith(_ANONYMOUS):
            continue
        if others and not nearest(argument, known, ALIKE):
            continue
        expected = suggestion(argument, known) or f", expected some of {', '.join(known)}"
        raise LaunchArgumentError(f"{name} has no launch argument {argument}{expected}")
