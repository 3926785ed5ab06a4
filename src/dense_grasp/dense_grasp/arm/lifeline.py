"""Notice at once that a process of this machine has ended, however it ended: the kernel closes its sockets.

The process listens on a socket under its identity (Linux's abstract names: no file, gone with the process); whoever
wants to know of its end connects to it. In another container or on another machine nobody gets through; then the
process is known by its heartbeat alone.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

PREFIX = "\0dense_grasp/"
#: Connections wait here, accepted by nobody, until the process ends. Where that many wait, further ones are refused.
BACKLOG = 128


class Lifeline:
    """Of this process, under its identity."""

    def __init__(self, identity: str):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(PREFIX + identity)
        self._socket.listen(BACKLOG)

    def close(self) -> None:
        """As if the process had ended."""
        self._socket.close()


class LifelineWatch:
    """Tells of the ends of processes, from a thread of its own. Thread-safe.

    ended: told the identity of a process that has ended.
    """

    def __init__(self, ended: Callable[[str], None]):
        self._ended = ended
        self._lock = threading.Lock()
        self._lines: dict[int, tuple[str, socket.socket]] = {}
        self._poll = select.poll()
        self._wake, self._woken = socket.socketpair()
        self._poll.register(self._woken, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="lifelines", daemon=True)
        self._thread.start()

    def watch(self, identity: str) -> bool:
        """Watch a process once; False where it has no lifeline that can be reached from here."""
        with self._lock:
            if any(watched == identity for watched, _ in self._lines.values()):
                return True
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.setblocking(False)
        try:
            line.connect(PREFIX + identity)
        except (OSError, ValueError):  # nobody there, the backlog is full, a name that no socket can have
            line.close()
            return False
        with self._lock:
            self._lines[line.fileno()] = identity, line
            self._poll.register(line, select.POLLIN)
        self._wake.send(b"+")  # a poll that has begun does not know of the new one
        return True

    def close(self) -> None:
        """Watch nothing any more."""
        self._wake.close()
        self._thread.join()
        with self._lock:
            for _, line in self._lines.values():
                line.close()
            self._lines.clear()
        self._woken.close()

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._woken.fileno():
                    if not self._woken.recv(64):  # closed
                        return
                    continue
                with self._lock:
                    identity, line = self._lines.pop(descriptor)
                    self._poll.unregister(descriptor)
                line.close()
                self._ended(identity)
