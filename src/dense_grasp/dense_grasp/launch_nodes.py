"""Nodes that launch starts again when they die, but not when their configuration is wrong."""

from __future__ import annotations

from typing import Any

import launch_ros.actions
from launch.actions import LogInfo, TimerAction

from dense_grasp.launch_support import RESPAWN_DELAY_S, is_configuration_error


def lasting_node(**arguments: Any) -> Any:
    """A launch_ros Node that is started again RESPAWN_DELAY_S after it ended, however it ended, unless it said by its
    exit code that its parameters cannot be used: starting it again would only say so again.

    launch's own `respawn` does not look at the exit code.
    """
    executable = arguments["executable"]

    def ended(event: Any, context: Any) -> list[Any] | None:
        if context.is_shutdown:
            return None
        if is_configuration_error(event.returncode):
            return [LogInfo(msg=f"{executable} is not started again: its configuration is wrong, see its last line")]
        return [TimerAction(period=RESPAWN_DELAY_S, actions=[lasting_node(**arguments)])]

    return launch_ros.actions.Node(**arguments, on_exit=ended)
