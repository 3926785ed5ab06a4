"""What the launch files are made of: their arguments, checked before anything starts, and nodes that last."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

import launch_ros.actions
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, SetEnvironmentVariable, TimerAction
from launch.launch_description import LaunchDescription

from dense_grasp.bringup.launch_arguments import LaunchArgument, check_names
from dense_grasp.bringup.launch_support import (
    RESPAWN_DELAY_S,
    check_configuration,
    is_configuration_error,
    transport_environment,
)

#: Launch configuration that is set while a launch file of ours is visited: what it includes sees all its arguments.
WITHIN = "dense_grasp_within"


def launch_file(
    file: str,
    arguments: Mapping[str, LaunchArgument],
    start: Callable[[dict[str, str]], list[Any]],
    first: list[Any] | None = None,
) -> LaunchDescription:
    """What the launch file `file` returns: what `start` makes of the arguments' values, after `first`.

    Before anything starts, an unknown or wrong argument and a wrong setting in config/ end the launch with a sentence.
    """

    def begin(context: Any) -> list[Any]:
        outermost = WITHIN not in context.launch_configurations
        if outermost:
            check_names(context.launch_configurations, arguments, file)
        values = {name: context.launch_configurations[name] for name in arguments}
        for name, argument in arguments.items():
            argument.check(name, values[name])
        if not outermost:
            return start(values)
        check_configuration()
        context.launch_configurations[WITHIN] = file
        return [*start(values), OpaqueFunction(function=leave)]

    def leave(context: Any) -> None:
        context.launch_configurations.pop(WITHIN, None)

    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.description)
        for name, argument in arguments.items()
    ]
    return LaunchDescription([*declared, *(first or []), OpaqueFunction(function=begin)])


def heed_interrupts() -> None:
    """Let launch hear a SIGINT that its shell had ignored when it started launch (a background job, nohup).

    launch hears of signals through Python's wake-up file, to which an ignored one is not written. Deaf to it, launch
    would start every node again that the same Ctrl-C ended.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def lasting_node(**arguments: Any) -> Any:
    """A launch_ros Node that is started again RESPAWN_DELAY_S after it ended, however it ended, unless it said by its
    exit code that its parameters cannot be used: starting it again would only say so again.

    launch's own `respawn` does not look at the exit code.
    """
    heed_interrupts()
    executable = arguments["executable"]

    def ended(event: Any, context: Any) -> list[Any] | None:
        if context.is_shutdown:
            return None
        if is_configuration_error(event.returncode):
            return [LogInfo(msg=f"{executable} is not started again: its configuration is wrong, see its last line")]
        return [TimerAction(period=RESPAWN_DELAY_S, actions=[lasting_node(**arguments)])]

    return launch_ros.actions.Node(**arguments, on_exit=ended)


def transport_actions() -> list[Any]:
    """Environment variables that give Fast DDS room for images."""
    return [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
