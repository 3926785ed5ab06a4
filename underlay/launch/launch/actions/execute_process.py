"""Processes: start, output, respawn, end."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import Iterable, Mapping
from typing import Any

from launch.action import Action
from launch.child import Child
from launch.condition import evaluate_condition_expression
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.events.process import ProcessExited, ProcessStarted
from launch.launch_context import LaunchContext
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import check_output, get_logger, log_output
from launch.process_group import release_group, signal_group
from launch.substitution import (
    SomeSubstitutionsType,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from launch.substitutions.values import LaunchConfiguration

_numbers = itertools.count(1)
_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default=5)


class ExecuteProcess(Action):
    """Run a program, in a process group of its own.

    Its end takes a SIGINT to the group, after sigterm_timeout seconds SIGTERM, after further sigkill_timeout seconds
    SIGKILL. `output` says where its lines go: screen, log (errors go to the screen too), both, own_log or full.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        name: SomeSubstitutionsType | None = None,
        prefix: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Mapping[Any, Any] | None = None,
        additional_env: Mapping[Any, Any] | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType | float = _SIGTERM_TIMEOUT,
        sigkill_timeout: SomeSubstitutionsType | float = _SIGKILL_TIMEOUT,
        emulate_tty: bool = False,
        output: SomeSubstitutionsType = "log",
        log_cmd: bool = False,
        on_exit: Any = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        self._label = name
        self._prefix = prefix
        self._cwd = cwd
        self._env = env
        self._additional_env = additional_env
        self._shell = shell
        self._patience = (_text(sigterm_timeout), _text(sigkill_timeout))
        self._emulate_tty = emulate_tty
        self._output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT", output)
        self._log_cmd = log_cmd
        self._on_exit = on_exit
        self._respawn = _text(respawn)
        self._respawn_delay = respawn_delay
        self._respawn_max_retries = respawn_max_retries
        self._task: asyncio.Task[None] | None = None
        self._process: Child | None = None
        self.process_details: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name with its number, e.g. query_node-2; known once it runs."""
        if self.process_details is None:
            raise RuntimeError("cannot access 'name' before executing action")
        return str(self.process_details["name"])

    @property
    def return_code(self) -> int | None:
        """The exit code of the last run; None while it runs."""
        return None if self._process is None else self._process.returncode

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities for its exit."""
        if isinstance(self._on_exit, LaunchDescriptionEntity):
            return [self._on_exit]
        return list(self._on_exit) if isinstance(self._on_exit, (list, tuple)) else []

    def get_asyncio_future(self) -> asyncio.Task[None] | None:
        """Return the task that watches the process."""
        return self._task

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Start the process."""
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.name}': executed more than once")
        if context.is_shutdown or context.asyncio_loop is None:
            return None
        cmd = [perform_substitutions(context, part) for part in self.cmd]
        if self._prefix is not None:
            cmd = [*perform_substitutions(context, self._prefix).split(), *cmd]
        label = self._label if self._label is not None else os.path.basename(cmd[0].split()[0])
        base = context.environment if self._env is None else _mapping(context, self._env)
        self.process_details = {
            "action": self,
            "name": f"{perform_substitutions(context, label)}-{next(_numbers)}",
            "cmd": cmd,
            "cwd": None if self._cwd is None else perform_substitutions(context, self._cwd),
            "env": {**base, **_mapping(context, self._additional_env or {})},
        }
        self._output = check_output(perform_substitutions(context, self._output))
        self._stop = asyncio.Event()
        context.register_event_handler(OnShutdown(on_shutdown=lambda event, context: self._stop.set()))
        if self._on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))
        respawn = evaluate_condition_expression(context, self._respawn)
        patience = [float(perform_substitutions(context, seconds)) for seconds in self._patience]
        self._task = context.asyncio_loop.create_task(self._run(context, respawn, patience))
        return None

    async def _run(self, context: LaunchContext, respawn: bool, patience: list[float]) -> None:
        for attempt in itertools.count():
            await self._run_once(context, patience)
            may = self._respawn_max_retries < 0 or attempt < self._respawn_max_retries
            if not (respawn and may) or context.is_shutdown or self._stop.is_set():
                return
            if self._respawn_delay:
                await asyncio.wait([asyncio.ensure_future(self._stop.wait())], timeout=self._respawn_delay)
            if context.is_shutdown or self._stop.is_set():
                return

    async def _run_once(self, context: LaunchContext, patience: list[float]) -> None:
        details = self.process_details
        assert details is not None
        name, cmd = details["name"], details["cmd"]
        logger = get_logger(name)
        if self._log_cmd:
            logger.info("process details: cmd='%s', cwd='%s'", " ".join(cmd), details["cwd"])
        try:
            process = self._start(details)
        except OSError as error:
            logger.error("exception occurred while executing process: %s: %s", error, " ".join(cmd))
            raise RuntimeError(f"cannot start {cmd[0]!r}: {error}") from error
        self._process, pid = process, process.pid
        logger.info("process started with pid [%d]", pid)
        context.emit_event_sync(ProcessStarted(pid=pid, **details))
        ending = asyncio.ensure_future(self._end_on_stop(process, patience))
        returncode = await process.wait()
        ending.cancel()
        # A grandchild that outlives its parent must neither stay behind nor keep the launch waiting.
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not signal_group(pid, number) or await process.drain():
                break
        await process.drain()
        process.close()
        release_group(pid)
        if returncode == 0:
            logger.info("process has finished cleanly [pid %d]", pid)
        else:
            logger.error("process has died [pid %d, exit code %d, cmd '%s'].", pid, returncode, " ".join(cmd))
        context.emit_event_sync(ProcessExited(returncode=returncode, pid=pid, **details))

    def _start(self, details: dict[str, Any]) -> Child:
        env, name, output = details["env"], details["name"], str(self._output)
        if self._emulate_tty:
            # What matters of a terminal is that lines come when they are written.
            env = {**env, "PYTHONUNBUFFERED": "1", "RCUTILS_LOGGING_BUFFERED_STREAM": "0"}
        cmd = " ".join(details["cmd"]) if self._shell else details["cmd"]
        return Child(cmd, details["cwd"], env, lambda line, is_error: log_output(f"[{name}] {line}", output, is_error))

    async def _end_on_stop(self, process: Child, patience: list[float]) -> None:
        await self._stop.wait()
        logger = get_logger(self.name)
        steps = ((signal.SIGINT, patience[0]), (signal.SIGTERM, patience[1]), (signal.SIGKILL, None))
        for number, (sent, seconds) in enumerate(steps):
            logger.info("sending signal '%s' to process[%s]", sent.name, self.name)
            signal_group(process.pid, sent)
            if seconds is None:
                return
            await asyncio.sleep(seconds)
            logger.error(
                "process[%s] failed to terminate '%s' seconds after receiving '%s', escalating to '%s'",
                self.name,
                seconds,
                sent.name,
                steps[number + 1][0].name,
            )


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, (bool, int, float)) else normalize_to_list_of_substitutions(value)


def _mapping(context: LaunchContext, items: Mapping[Any, Any]) -> dict[str, str]:
    return {perform_substitutions(context, k): perform_substitutions(context, v) for k, v in items.items()}
