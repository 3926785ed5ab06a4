"""Ends the process groups of a launch that was killed before it could end them itself.

Run as a script: its standard input tells groups that started ("+123") and ended ("-123"). The input ends when the
launch does, in whatever way; what is then left is interrupted, later terminated, at last killed.
"""

import os
import signal
import sys
import time


def _signal(groups: set[int], number: int) -> set[int]:
    alive = set()
    for group in groups:
        try:
            os.killpg(group, number)
            alive.add(group)
        except (ProcessLookupError, PermissionError):
            pass
    return alive


def main() -> None:
    """Watch standard input until it ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        groups = _signal(groups, number)
        deadline = time.monotonic() + 5.0
        while groups and time.monotonic() < deadline:
            time.sleep(0.05)
            groups = _signal(groups, 0)


if __name__ == "__main__":
    main()
