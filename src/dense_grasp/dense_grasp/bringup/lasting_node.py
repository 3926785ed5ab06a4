"""What the launch files are made of: their arguments, checked before anything starts, and nodes that last."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

import launch_ros.actions
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    TimerAction,
)
from launch.launch_description import LaunchDescription

from dense_grasp.bringup.launch_arguments import LaunchArgument, check_names
from dense_grasp.bringup.launch_support import (
    RESPAWN_DELAY_S,
    arithmetic_environment,
    check_configuration,
    full_namespace,
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
    The outermost of our files puts all its nodes into the argument `namespace`; `start` gets that as the absolute
    namespace of its nodes, "" for the root.
    """

    def begin(context: Any) -> list[Any]:
        outermost = WITHIN not in context.launch_configurations
        if outermost:
            check_names(context.launch_configurations, arguments, file)
        values = {name: context.launch_configurations[name] for name in arguments}
        for name, argument in arguments.items():
            argument.check(name, values[name])
        pushed = context.launch_configurations.get("ros_namespace", "")
        if not outermost:
            return start({**values, "namespace": pushed})
        check_configuration()
        context.launch_configurations[WITHIN] = file
        namespace = full_namespace(pushed, values.get("namespace", ""))
        return [*within(namespace, start({**values, "namespace": namespace})), OpaqueFunction(function=leave)]

    def leave(context: Any) -> None:
        context.launch_configurations.pop(WITHIN, None)

    declared = [
        DeclareLaunchArgument(name, default_value=argument.default, description=argument.description)
        for name, argument in arguments.items()
    ]
    return LaunchDescription([*declared, *(first or []), OpaqueFunction(function=begin)])


def within(namespace: str, actions: list[Any]) -> list[Any]:
    """The actions, with every node that they start in the absolute namespace; "" leaves them as they are.

    A cell in a namespace has a clock of its own: two simulations on one /clock would make time jump.
    """
    if not namespace:
        return actions
    place = [
        launch_ros.actions.PushRosNamespace(namespace),
        launch_ros.actions.SetRemap("/clock", f"{namespace}/clock"),
    ]
    return [GroupAction([*place, *actions])]


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

    launch's own `respawn` does not look at the exit code. The later starts are in the namespace and have the remappings
    of the first, though its scope has ended by then.
    """
    heed_interrupts()
    executable = arguments["executable"]
    scope: list[Any] = []

    def remember(context: Any) -> None:
        namespace = context.launch_configurations.get("ros_namespace")
        remaps = context.launch_configurations.get("ros_remaps") or []
        scope[:] = [launch_ros.actions.PushRosNamespace(namespace)] if namespace else []
        scope.extend(launch_ros.actions.SetRemap(old, new) for old, new in remaps)

    def ended(event: Any, context: Any) -> list[Any] | None:
        if context.is_shutdown:
            return None
        if is_configuration_error(event.returncode):
            return [LogInfo(msg=f"{executable} is not started again: its configuration is wrong, see its last line")]
        again = GroupAction([*scope, lasting_node(**arguments)])
        return [TimerAction(period=RESPAWN_DELAY_S, actions=[again])]

    node = launch_ros.actions.Node(**arguments, on_exit=ended, additional_env=arithmetic_environment())
    return GroupAction([OpaqueFunction(function=remember), node], scoped=False)


def transport_actions() -> list[Any]:
    """Environment variables that give Fast DDS room for images."""
    return [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
