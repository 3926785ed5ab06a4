"""Stamps: a step is skipped while the fingerprint of its inputs equals the one written when it last ended."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def fingerprint(inputs: Any) -> str:
    """Hash of anything JSON can write; equal inputs give equal fingerprints in every process."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


def leaves(inputs: Any) -> list[str]:
    """The single values in nested inputs, as text."""
    if isinstance(inputs, list | tuple):
        return [leaf for part in inputs for leaf in leaves(part)]
    return [str(inputs)]


def tree_digest(root: Path, wanted: Callable[[Path], bool]) -> list[str]:
    """`path:sha256` of the wanted files under root, sorted; links to folders are followed once by their path."""
    lines = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.endswith(".egg-info"))
        for name in sorted(files):
            path = Path(folder) / name
            if wanted(path):
                lines.append(f"{path.relative_to(root)}:{hashlib.sha256(path.read_bytes()).hexdigest()}")
    return lines


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)


class StampFolder:
    """The stamps of a checkout: one small file a step, written only after the step ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, step: str) -> Path:
        return self.folder / f"{step}.stamp"

    def current(self, step: str, inputs: Any) -> bool:
        """True when the step ended with these inputs; a damaged stamp counts as none."""
        return self._read(step).get("fingerprint") == fingerprint(inputs)

    def changes(self, step: str, inputs: Any) -> list[str]:
        """What is new or gone among the inputs since the step ended; empty when it never did."""
        before = self._read(step).get("inputs")
        if not isinstance(before, list):
            return []
        now = leaves(inputs)
        return [line for line in now if line not in set(before)] + [line for line in before if line not in set(now)]

    def _read(self, step: str) -> dict[str, Any]:
        try:
            record = json.loads(self._path(step).read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def clear(self, step: str) -> None:
        """Forget a step, before it starts to change things."""
        self._path(step).unlink(missing_ok=True)

    def write(self, step: str, inputs: Any, seconds: float) -> None:
        """Remember that the step ended with these inputs."""
        record = {
            "fingerprint": fingerprint(inputs),
            "seconds": round(seconds, 1),
            "ended": time.strftime("%F %T"),
            "inputs": leaves(inputs),
        }
        write_whole(self._path(step), json.dumps(record) + "\n")


@contextlib.contextmanager
def exclusive(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the set-up lock of this checkout; a second caller waits and says for whom.

    The lock belongs to the process, so a killed set-up leaves none behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            say(f"another set-up of this checkout is running (process {handle.read().strip() or '?'}): waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
