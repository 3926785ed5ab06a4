"""The operator's page in a process of its own, beside a cell that a test started."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dense_grasp_client.connection import wait_for

#: s; a quiet machine takes 3
START_S = 600.0
STOP_S = 120.0


@dataclass
class Served:
    """A page that is served."""

    port: int
    process: subprocess.Popen
    log: Path

    @property
    def address(self) -> str:
        """As a browser opens it."""
        return f"http://127.0.0.1:{self.port}/"

    def status(self, **headers: str) -> int:
        """Of a GET of the live picture with these headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        connection.request("GET", "/live.jpg", headers=headers)
        return connection.getresponse().status


@contextlib.contextmanager
def served_page(domain: int, log: Path, *parameters: str) -> Iterator[Served]:
    """The page of the simulated cell in a domain; at its end it still runs, and its log has no traceback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = [argument for value in (f"port:={port}", "use_sim_time:=true", *parameters) for argument in ("-p", value)]
    command = [sys.executable, "-m", "dense_grasp_ui.page", "--ros-args", *given]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        wait_for(lambda: "operator's page: http" in log.read_text() or process.poll() is not None, START_S, "the page")
        assert process.poll() is None, log.read_text()
        yield Served(port, process, log)
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(STOP_S)
    assert "Traceback" not in log.read_text(), log.read_text()
