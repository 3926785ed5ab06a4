"""Process groups of a launch and the guard that outlives it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

_GUARD = Path(__file__).with_name("process_guard.py")
_guard: subprocess.Popen[bytes] | None = None


def start_guard() -> int:
    """Start the guard if it does not run; return the pipe that it reads."""
    global _guard
    if _guard is None or _guard.poll() is not None:
        # -I -S: no site packages, it starts in 20 ms; its own session keeps it out of a terminal's signals.
        _guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
    assert _guard.stdin is not None
    return _guard.stdin.fileno()


def enter_guarded_group(pipe: int) -> None:
    """Tell the guard this process's group; to be called in a child before it becomes its program.

    Told by the child itself, there is no moment in which it runs unguarded.
    """
    os.write(pipe, b"+%d\n" % os.getpid())


def release_group(group: int) -> None:
    """Tell that a process group has ended."""
    with contextlib.suppress(OSError):
        os.write(start_guard(), b"-%d\n" % group)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False if it is gone."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
