"""Events from within a launch description."""

from __future__ import annotations

from typing import Any

from launch.action import Action
from launch.event import Event
from launch.event_handler import EventHandler
from launch.events import Shutdown as ShutdownEvent
from launch.launch_context import LaunchContext
from launch.substitution import SomeSubstitutionsType, perform_substitutions


class EmitEvent(Action):
    """Emit an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def execute(self, context: LaunchContext) -> None:
        """Emit it."""
        context.emit_event_sync(self.event)


class Shutdown(Action):
    """Stop everything; as on_exit of a node, the reason names it."""

    def __init__(self, *, reason: SomeSubstitutionsType = "reason not given", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason

    def execute(self, context: LaunchContext) -> None:
        """Emit the shutdown."""
        reason = perform_substitutions(context, self.reason)
        event = context.get_locals_as_dict().get("event")
        if reason == "reason not given" and hasattr(event, "process_name"):
            reason = f"process {event.process_name} exited"
        context.emit_event_sync(ShutdownEvent(reason=reason))


class RegisterEventHandler(Action):
    """Add an event handler."""

    def __init__(self, event_handler: EventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        """Add it."""
        context.register_event_handler(self.event_handler)


class UnregisterEventHandler(Action):
    """Remove an event handler."""

    def __init__(self, event_handler: EventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        """Remove it."""
        context.unregister_event_handler(self.event_handler)
