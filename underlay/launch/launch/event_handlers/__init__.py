"""The event handlers dense_grasp uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch.event import Event
from launch.event_handler import EventHandler
from launch.events import Shutdown
from launch.events.process import ProcessExited, ProcessStarted, RunningProcessEvent
from launch.not_offered import not_offered


def _of_action(kind: type[RunningProcessEvent], target: Any) -> Callable[[Event], bool]:
    def matches(event: Event) -> bool:
        if not isinstance(event, kind):
            return False
        if target is None or event.action is target:
            return True
        return callable(target) and bool(target(event.action))

    return matches


class OnProcessExit(EventHandler):
    """When a process ends: an action, or a callable(event, context) that returns entities."""

    def __init__(self, *, target_action: Any = None, on_exit: Any, **kwargs: Any) -> None:
        super().__init__(matcher=_of_action(ProcessExited, target_action), entities=on_exit, **kwargs)


class OnProcessStart(EventHandler):
    """When a process runs."""

    def __init__(self, *, target_action: Any = None, on_start: Any, **kwargs: Any) -> None:
        super().__init__(matcher=_of_action(ProcessStarted, target_action), entities=on_start, **kwargs)


class OnShutdown(EventHandler):
    """When everything is to stop."""

    def __init__(self, *, on_shutdown: Any, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), entities=on_shutdown, **kwargs)


__getattr__ = not_offered(__name__)
__all__ = ["OnProcessExit", "OnProcessStart", "OnShutdown"]
