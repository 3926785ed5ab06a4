"""Nodes that launch starts again when they die, but not when their configuration is wrong."""

from __future__ import annotations

import signal
import threading
from typing import Any

import launch_ros.actions
from launch.actions import LogInfo, TimerAction

from dense_grasp.launch_support import RESPAWN_DELAY_S, is_configuration_error


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
