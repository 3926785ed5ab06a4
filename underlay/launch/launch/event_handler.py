"""What to do when an event comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from launch.event import Event

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class EventHandler:
    """Yields entities for the events that its matcher accepts."""

    def __init__(self, *, matcher: Callable[[Event], bool], entities: Any = None, handle_once: bool = False) -> None:
        self._matcher = matcher
        self._entities = entities
        self._once = handle_once

    def matches(self, event: Event) -> bool:
        """Return whether the event concerns this handler."""
        return self._matcher(event)

    def handle(self, event: Event, context: LaunchContext) -> list[Any]:
        """Return the entities to visit."""
        if self._once:
            context.unregister_event_handler(self)
        context.extend_locals({"event": event})
        entities = self._entities(event, context) if callable(self._entities) else self._entities
        if entities is None:
            return []
        return list(entities) if isinstance(entities, Iterable) else [entities]
