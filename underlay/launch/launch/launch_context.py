"""The state of a running launch."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from launch.event import Event
from launch.substitution import Substitution

if TYPE_CHECKING:
    from launch.event_handler import EventHandler


class LaunchContext:
    """Launch configurations, environment, event handlers and events."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = [] if argv is None else list(argv)
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self.is_shutdown = False
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None
        self._events: deque[Event] = deque()
        self._handlers: list[EventHandler] = []
        self._locals: dict[str, Any] = {}
        self._saved_configurations: list[dict[str, Any]] = []
        self._saved_environments: list[dict[str, str]] = []
        self._on_event: Callable[[], None] = lambda: None

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that processes start with."""
        return os.environ

    @property
    def locals(self) -> SimpleNamespace:
        """Values of the entity that is being visited, such as `event`."""
        return SimpleNamespace(**self._locals)

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return the local values."""
        return self._locals

    def extend_locals(self, extensions: dict[str, Any]) -> None:
        """Set local values."""
        self._locals.update(extensions)

    def extend_globals(self, extensions: dict[str, Any]) -> None:
        """Set values that local values may hide."""
        self._locals = {**extensions, **self._locals}

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return a substitution's text."""
        return substitution.perform(self)

    def register_event_handler(self, event_handler: EventHandler, append: bool = False) -> None:
        """Add a handler, before the others unless append is set."""
        self._handlers.insert(len(self._handlers) if append else 0, event_handler)

    def unregister_event_handler(self, event_handler: EventHandler) -> None:
        """Remove a handler."""
        self._handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event; to be called in the launch's own thread."""
        self._events.append(event)
        self._on_event()

    async def emit_event(self, event: Event) -> None:
        """Queue an event."""
        self.emit_event_sync(event)

    def push_scope(self, configurations: bool, environment: bool) -> None:
        """Remember configurations and environment until pop_scope."""
        if configurations:
            copies = {k: list(v) if isinstance(v, list) else v for k, v in self.launch_configurations.items()}
            self._saved_configurations.append(self.launch_configurations)
            self.launch_configurations = copies
        if environment:
            self._saved_environments.append(dict(os.environ))

    def pop_scope(self, configurations: bool, environment: bool) -> None:
        """Return to what push_scope remembered."""
        if configurations:
            self.launch_configurations = self._saved_configurations.pop()
        if environment:
            os.environ.clear()
            os.environ.update(self._saved_environments.pop())
