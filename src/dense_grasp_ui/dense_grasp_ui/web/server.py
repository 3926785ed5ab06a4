"""The web server in a thread of its own: a socket that is taken is said before anything starts."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from typing import Any

import uvicorn
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_ui.access.limits import Limits

#: s to wait for a port that a page of before may be about to leave.
PATIENCE_S = 3.0
STOP_S = 3.0
TAKEN = (
    "so there is no operator's page; the cell runs without it. Choose another port with ui_port:=8081, or start "
    "without the page with ui:=false"
)


class PortError(DenseGraspError):
    """The page cannot be served at its address."""


def listening_socket(host: str, port: int, patience: float = PATIENCE_S, taken: str = TAKEN) -> socket.socket:
    """A bound TCP socket. Raises PortError with what to do (`taken`), after `patience` s when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    end = time.monotonic() + patience
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            return listener
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and time.monotonic() < end:
                time.sleep(0.2)
                continue
            raise PortError(_why(host, port, error, taken)) from error


def _why(host: str, port: int, error: OSError, taken: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken, {taken}"
    return f"the page cannot be served on {host} port {port}: {error}; expected an address of this machine"


class WebServer:
    """Serves an ASGI application on a bound socket until `stop`."""

    def __init__(self, app: Any, listener: socket.socket, limits: Limits):
        # No proxy's headers: a browser could write them itself.
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws_max_size=limits.message_bytes,
            ws_per_message_deflate=False,
            limit_concurrency=200,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="web server", daemon=True)
        self.failure = ""

    def start(self) -> None:
        """Returns when requests are answered; raises PortError when that does not come about."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            time.sleep(0.02)
        if not self._server.started:
            raise PortError(f"the web server ended at its start: {self.failure or 'see the lines above'}")

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except (Exception, SystemExit) as error:  # uvicorn exits where its application does not start
            self.failure = repr(error)

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._server.should_exit = True
        self._thread.join(STOP_S)
        with contextlib.suppress(OSError):
            self._listener.close()
