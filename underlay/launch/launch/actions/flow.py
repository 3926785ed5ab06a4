"""Groups, functions, timers and messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from launch.action import Action
from launch.actions.arguments import SetLaunchConfiguration
from launch.event import Event
from launch.event_handler import EventHandler
from launch.event_handlers import OnShutdown
from launch.launch_context import LaunchContext
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import get_logger
from launch.substitution import (
    SomeSubstitutionsType,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)

Entities = list[LaunchDescriptionEntity]


class OpaqueFunction(Action):
    """Call function(context, *args, **kwargs); it may return entities."""

    def __init__(
        self,
        *,
        function: Callable[..., Entities | None],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **left_over: Any,
    ) -> None:
        super().__init__(**left_over)
        self._call = lambda context: function(context, *(args or ()), **(kwargs or {}))

    def execute(self, context: LaunchContext) -> Entities | None:
        """Call it."""
        return self._call(context)


class GroupAction(Action):
    """Several actions under one condition; scoped: what they set ends with the group."""

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[Any, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not forwarding:
            raise NotImplementedError(
                "the launch stand-in of dense_grasp offers GroupAction with forwarding=True only; "
                "ROS's launch has the rest"
            )
        settings = [SetLaunchConfiguration(name, value) for name, value in (launch_configurations or {}).items()]
        self._entities: Entities = [*settings, *actions]
        self._scoped = scoped

    def get_sub_entities(self) -> Entities:
        """Return the actions."""
        return self._entities

    def execute(self, context: LaunchContext) -> Entities:
        """Return the actions, between the marks of the scope."""
        if not self._scoped:
            return self._entities
        return [
            OpaqueFunction(function=lambda context: context.push_scope(True, True)),
            *self._entities,
            OpaqueFunction(function=lambda context: context.pop_scope(True, True)),
        ]


class LogInfo(Action):
    """Write a line to the log."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = normalize_to_list_of_substitutions(msg)

    def execute(self, context: LaunchContext) -> None:
        """Write it."""
        get_logger("launch.user").info(perform_substitutions(context, self.msg))


class _TimerEvent(Event):
    name = "launch.events.TimerEvent"

    def __init__(self, timer: TimerAction) -> None:
        self.timer = timer


class TimerAction(Action):
    """Actions after `period` seconds, unless everything stops before."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._period = str(period) if isinstance(period, (int, float)) else period
        self._actions: Entities = list(actions)
        self._cancel_on_shutdown = cancel_on_shutdown
        self._task: asyncio.Task[None] | None = None

    def get_sub_entities(self) -> Entities:
        """Return the actions."""
        return self._actions

    def get_asyncio_future(self) -> asyncio.Task[None] | None:
        """Return the waiting task."""
        return self._task

    def cancel(self) -> None:
        """Forget the actions."""
        if self._task is not None:
            self._task.cancel()

    def execute(self, context: LaunchContext) -> None:
        """Start to wait."""
        if context.is_shutdown or context.asyncio_loop is None:
            return
        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, _TimerEvent) and event.timer is self,
                entities=self._actions,
                handle_once=True,
            )
        )
        if self._cancel_on_shutdown:
            context.register_event_handler(OnShutdown(on_shutdown=lambda event, context: self.cancel()))
        seconds = float(perform_substitutions(context, self._period))
        self._task = context.asyncio_loop.create_task(self._wait(context, seconds))

    async def _wait(self, context: LaunchContext, seconds: float) -> None:
        await asyncio.sleep(seconds)
        context.emit_event_sync(_TimerEvent(self))
