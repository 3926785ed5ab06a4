"""What launch's log says of processes: their starts and their ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_STARTED = re.compile(r"\[([\w.]+)-\d+\]: process started with pid \[(\d+)\]")
_DIED = re.compile(r"\[([\w.]+)-\d+\]: process has died \[pid (\d+), exit code (-?\d+)")
_FINISHED = re.compile(r"\[([\w.]+)-\d+\]: process has finished cleanly \[pid (\d+)\]")


@dataclass
class LaunchLog:
    """Reads a log that grows. pids: the latest start of each node."""

    path: Path
    pids: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    #: (node, pid, exit code) of each end.
    ends: list[tuple[str, int, int]] = field(default_factory=list)
    _position: int = 0

    def read(self) -> LaunchLog:
        """Take in what was written since the last call."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            text = file.read()
        whole = text.rfind(b"\n") + 1
        self._position += whole
        for line in text[:whole].decode(errors="replace").splitlines():
            self._take(line)
        return self

    def _take(self, line: str) -> None:
        if found := _STARTED.search(line):
            name, pid = found[1], int(found[2])
            self.pids[name] = pid
            self.starts[name] = self.starts.get(name, 0) + 1
        elif found := _DIED.search(line):
            self.ends.append((found[1], int(found[2]), int(found[3])))
        elif found := _FINISHED.search(line):
            self.ends.append((found[1], int(found[2]), 0))
