"""A child process whose end is seen even while a grandchild still holds its pipes."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from launch.process_group import enter_guarded_group, start_guard

_DRAIN_SECONDS = 2.0


class Child:
    """Starts a command in a session of its own and reads its output line by line.

    on_line(line, is_error) gets the lines. asyncio's own subprocesses would wait for the pipes to close, too.
    """

    def __init__(
        self,
        cmd: list[str] | str,
        cwd: str | None,
        env: dict[str, str],
        on_line: Callable[[str, bool], None],
    ) -> None:
        guard = start_guard()
        self._popen = subprocess.Popen(
            cmd,
            cwd=cwd,
            env=env,
            shell=isinstance(cmd, str),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: enter_guarded_group(guard),
        )
        self.pid = self._popen.pid
        self._on_line = on_line
        self._loop = asyncio.get_running_loop()
        self._exited = self._loop.create_future()
        streams = ((self._popen.stdout, False), (self._popen.stderr, True))
        self._readers = [asyncio.ensure_future(self._read(pipe, is_error)) for pipe, is_error in streams if pipe]
        threading.Thread(target=self._watch, name=f"wait {self.pid}", daemon=True).start()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._popen.returncode

    async def wait(self) -> int:
        """Return the exit code once the process has ended."""
        return int(await asyncio.shield(self._exited))

    async def drain(self) -> bool:
        """Read what is left in the pipes; False if somebody still holds them after a while."""
        _, pending = await asyncio.wait(self._readers, timeout=_DRAIN_SECONDS)
        return not pending

    def close(self) -> None:
        """Stop reading."""
        for reader in self._readers:
            reader.cancel()

    def _watch(self) -> None:
        code = self._popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop was closed while the child ended
            self._loop.call_soon_threadsafe(self._set_exited, code)

    def _set_exited(self, code: int) -> None:
        if not self._exited.done():
            self._exited.set_result(code)

    async def _read(self, pipe: IO[bytes], is_error: bool) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        rest = b""
        try:
            while chunk := await reader.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._on_line(line.decode(errors="replace"), is_error)
        finally:
            if rest:
                self._on_line(rest.decode(errors="replace"), is_error)
            transport.close()
