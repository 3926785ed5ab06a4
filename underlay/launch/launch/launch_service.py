"""Runs launch descriptions until all is done."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import traceback
from collections.abc import Iterable

from launch.event import Event
from launch.event_handlers import OnShutdown
from launch.events import Shutdown
from launch.launch_context import LaunchContext
from launch.launch_description import LaunchDescription
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import get_logger, set_level


class _Include(Event):
    name = "launch.events.IncludeLaunchDescription"

    def __init__(self, description: LaunchDescription) -> None:
        self.description = description


class LaunchService:
    """Visits launch descriptions and handles their events; one run at a time, in the main thread."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        set_level(logging.DEBUG if debug else logging.INFO)
        self._logger = get_logger("launch")
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._futures: list[asyncio.Future[None]] = []
        self._interrupted = False
        self._lock = threading.Lock()

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Queue a launch description; safe from any thread."""
        self.emit_event(_Include(launch_description))

    def emit_event(self, event: Event) -> None:
        """Queue an event; safe from any thread."""
        with self._lock:
            if self._loop is None:
                self.context.emit_event_sync(event)
            else:
                self._loop.call_soon_threadsafe(self.context.emit_event_sync, event)

    def shutdown(self, force_sync: bool = False) -> None:
        """Stop everything; safe from any thread."""
        self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until everything has ended; 0, or 1 if the launch itself failed."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current event loop; as run()."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("LaunchService can only be run in the main thread.")
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        with self._lock:
            if self._loop is not None:
                raise RuntimeError("LaunchService cannot be run multiple times concurrently.")
            self._loop = self.context.asyncio_loop = loop
            self.context._on_event = changed.set
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
        for number in signals:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            return await self._work(changed, shutdown_when_idle)
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
            with self._lock:
                self._loop = self.context.asyncio_loop = None
                self.context._on_event = lambda: None

    async def _work(self, changed: asyncio.Event, shutdown_when_idle: bool) -> int:
        code = 0
        while True:
            changed.clear()
            try:
                while self.context._events:
                    self._handle(self.context._events.popleft(), changed)
                self._collect()
            except Exception as error:
                self._logger.debug(traceback.format_exc())
                self._logger.error("Caught exception in launch (see debug for traceback): %s", error)
                code = 1
                self.context.emit_event_sync(Shutdown(reason=str(error)))
                continue
            if self.context._events:
                continue
            if not self._futures:
                if self.context.is_shutdown:
                    return code
                if shutdown_when_idle:
                    self.context.emit_event_sync(Shutdown(reason="idle"))
                    continue
            await changed.wait()

    def _collect(self) -> None:
        done = [future for future in self._futures if future.done()]
        self._futures = [future for future in self._futures if not future.done()]
        for future in done:
            if not future.cancelled() and (error := future.exception()) is not None:
                raise error

    def _handle(self, event: Event, changed: asyncio.Event) -> None:
        if isinstance(event, _Include):
            self._visit(event.description, changed)
            return
        for handler in tuple(self.context._handlers):
            if handler.matches(event):
                for entity in handler.handle(event, self.context):
                    self._visit(entity, changed)

    def _visit(self, entity: LaunchDescriptionEntity, changed: asyncio.Event) -> None:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(f"expected a LaunchDescriptionEntity, got {entity!r}")
        sub_entities = entity.visit(self.context)
        future = entity.get_asyncio_future()
        if future is not None and future not in self._futures:
            future.add_done_callback(lambda _: changed.set())
            self._futures.append(future)
        for sub_entity in sub_entities or ():
            self._visit(sub_entity, changed)

    def _on_signal(self, number: signal.Signals) -> None:
        how = "ctrl-c (SIGINT)" if number == signal.SIGINT else number.name
        if self._interrupted:
            self._logger.warning("user interrupted with %s again, ignoring...", how)
            return
        self._interrupted = True
        self._logger.warning("user interrupted with %s", how)
        self.context.emit_event_sync(Shutdown(reason=how, due_to_sigint=number == signal.SIGINT))

    def _on_shutdown(self, event: Event, context: LaunchContext) -> None:
        context.is_shutdown = True
