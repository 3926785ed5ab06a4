"""The running graph as a child process: started by `ros2 launch`, watched, and stopped whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dense_grasp_client.connection import GraphError

STOP_TIMEOUT_S = 15.0
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded here: not between fork and exec


class GraphProcess:
    """`ros2 launch PACKAGE FILE ARGUMENTS…` in a process group of its own; use as a context manager.

    Ends with the thread that started it, even when this process is killed: launch then gets the SIGINT of a Ctrl-C.
    """

    def __init__(
        self,
        launch_file: str,
        arguments: Sequence[str],
        log: Path,
        domain: int,
        package: str = "dense_grasp",
    ):
        self._command = ["ros2", "launch", package, launch_file, *arguments]
        self._log = log
        self._domain = domain
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises GraphError when there is no `ros2` command."""
        if shutil.which("ros2") is None:
            raise GraphError("command 'ros2' is not on the PATH, expected a sourced workspace (source setup.bash)")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, ROS_DOMAIN_ID=str(self._domain), ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")
        parent = os.getpid()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: _prepare(parent),
            )

    @property
    def pid(self) -> int:
        """Process id of `ros2 launch`; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    def check(self) -> None:
        """Raises GraphError, with the end of the log, when the graph has ended."""
        if self._process is None:
            raise GraphError("the graph was not started")
        if self._process.poll() is not None:
            raise GraphError(f"the graph ended with code {self._process.returncode}, see {self._log}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log."""
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def stop(self) -> None:
        """Ask launch to end its nodes, then end whatever is left of the group."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> GraphProcess:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def _prepare(parent: int) -> None:
    """Of the child, between fork and exec: heed SIGINT, and get one when the parent ends (man 2 prctl).

    A shell starts its background jobs, and nohup its command, with SIGINT ignored, which is handed down.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:  # it has ended already
        os.kill(os.getpid(), signal.SIGINT)
