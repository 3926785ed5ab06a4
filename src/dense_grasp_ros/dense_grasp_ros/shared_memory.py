"""Fast DDS's shared memory (2.x: fastrtps_*, 3.x: fastdds_*): what dead processes left, and a port that was lost.

Each process has segments for what it sends, and ports at which it listens; beside both lies a lock file NAME_el that
its owner holds locked (flock) while it lives. A port is a queue that the senders open by its name.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/dev/shm")
_LOCK = re.compile(r"((?:fastrtps|fastdds)_(?:port\d+|[0-9a-f]{16}))_el")
_OWN_PORT = re.compile(r".*/((?:fastrtps|fastdds)_port\d+)_el(?: \(deleted\))?")


def remove_stale(folder: Path = FOLDER) -> int:
    """Remove the segments and ports of this user whose owner has ended, as `fastdds shm clean` does; bytes freed.

    The lock is held meanwhile: who starts under the same name in this moment finds it taken and takes another.
    """
    freed = 0
    for lock in _lock_files(folder):
        try:
            descriptor = os.open(lock, os.O_RDONLY)
        except OSError:
            continue  # another process has removed it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == os.stat(lock).st_ino:
                name = lock.name.removesuffix("_el")
                freed += _remove(folder / name) + _remove(lock)
        except OSError:
            pass  # locked: its owner lives
        finally:
            os.close(descriptor)
    return freed


def _lock_files(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries:
        try:
            if _LOCK.fullmatch(path.name) and path.stat().st_uid == os.getuid():
                yield path
        except OSError:
            continue


def _remove(path: Path) -> int:
    try:
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size


class PortCheck:
    """Whether this process still listens where the others send.

    A process that is stopped, or gets no processor, for a second is taken for dead by Fast DDS: the senders remove its
    ports and make new ones, again and again, and when it goes on, one of them may remove the port that it has just made
    in its turn. Then it listens to memory that has no name any more and hears nothing, ever (Fast DDS 2.14).
    """

    def __init__(self, folder: Path = FOLDER):
        self._folder = folder
        self._healthy: dict[str, int] = {}

    def lost(self) -> str:
        """The name of a port that this process listens at and nobody can send to, "" when there is none.

        A port that is being made anew looks the same for a moment: ask again before believing it.
        """
        for name in self._own_ports():
            inode = _inode(self._folder / name)
            if inode and self._healthy.get(name) == inode:
                continue
            if inode and inode in self._mapped(name):
                self._healthy[name] = inode
            elif self._mapped(name):
                return name
        return ""

    def _own_ports(self) -> list[str]:
        names = []
        for entry in os.listdir("/proc/self/fd"):
            try:
                found = _OWN_PORT.fullmatch(os.readlink(f"/proc/self/fd/{entry}"))
            except OSError:
                continue
            if found:
                names.append(found[1])
        return names

    def _mapped(self, name: str) -> set[int]:
        """Inodes that this process has mapped under the name, removed ones included."""
        path = str(self._folder / name)
        inodes = set()
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].removesuffix(" (deleted)") == path:
                inodes.add(int(fields[4]))
        return inodes


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
