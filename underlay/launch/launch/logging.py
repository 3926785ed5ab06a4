"""The log of a launch: lines on the screen and in <log folder>/<time>-<host>-<pid>/launch.log."""

from __future__ import annotations

import datetime
import logging
import os
import socket
import sys
from functools import cache

_ROOT = "launch_log"
_OUTPUTS = {  # of standard output and of standard error: (to the screen, to the log file)
    "screen": ((True, False), (True, False)),
    "log": ((False, True), (True, True)),
    "both": ((True, True), (True, True)),
    "own_log": ((False, True), (False, True)),
    "full": ((True, True), (True, True)),
}


def log_directory() -> str:
    """Return $ROS_LOG_DIR, or log below $ROS_HOME, or ~/.ros/log."""
    home = os.environ.get("ROS_HOME") or os.path.join(os.path.expanduser("~"), ".ros")
    return os.environ.get("ROS_LOG_DIR") or os.path.join(home, "log")


@cache
def _root() -> logging.Logger:
    root = logging.getLogger(_ROOT)
    root.setLevel(logging.INFO)
    root.propagate = False
    screen = logging.StreamHandler(sys.stdout)
    screen.setFormatter(_Format())
    screen.addFilter(lambda record: getattr(record, "to_screen", True))
    root.addHandler(screen)
    now = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
    folder = os.path.join(log_directory(), f"{now}-{socket.gethostname()}-{os.getpid()}")
    try:
        os.makedirs(folder, exist_ok=True)
        file = logging.FileHandler(os.path.join(folder, "launch.log"))
    except OSError as error:  # a full or read-only disk must not stop a robot's start
        root.warning("No log file: %s", error)
        return root
    file.setFormatter(_Format("%(created).7f "))
    file.addFilter(lambda record: getattr(record, "to_file", True))
    root.addHandler(file)
    root.info("All log files can be found below %s", folder, extra={"label": "launch"})
    return root


class _Format(logging.Formatter):
    def __init__(self, prefix: str = "") -> None:
        super().__init__(prefix + "%(message)s")
        self._plain = prefix

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if getattr(record, "raw", False):
            return text
        label = getattr(record, "label", record.name.removeprefix(_ROOT + "."))
        start = self._plain % record.__dict__
        return f"{start}[{record.levelname}] [{label}]: {record.getMessage()}"


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the logger of a launch's part."""
    return _root().getChild(name or "launch")


def log_output(line: str, output: str, is_error: bool) -> None:
    """Write a line that a process wrote, as its `output` says: screen, log, both, own_log or full."""
    to_screen, to_file = _OUTPUTS[output][int(is_error)]
    _root().info("%s", line, extra={"raw": True, "to_screen": to_screen, "to_file": to_file})


def check_output(output: str) -> str:
    """Return `output` if it is known; ValueError otherwise."""
    if output not in _OUTPUTS:
        raise ValueError(f"output is {output!r}, expected one of {', '.join(_OUTPUTS)}")
    return output


def set_level(level: int) -> None:
    """Set the least level that is written."""
    _root().setLevel(level)
