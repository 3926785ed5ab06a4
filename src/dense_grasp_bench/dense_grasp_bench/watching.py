"""Opens the operator's page of a graph that a command started, in the browser of whoever runs it."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

from dense_grasp.bringup.operators_page import page_lacks
from dense_grasp_client.connection import GraphError, wait_for

#: The page's own default, so that the address is the one that the documentation names.
PAGE_PORT = 8080
#: s that the page takes at most, beside a graph that works already.
START_S = 60.0
_SERVED = re.compile(r"operator's page: (http://\S+)")


def free_port(wanted: int = 0) -> int:
    """A TCP port of 127.0.0.1 that nobody listens on: the one that is wanted, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise GraphError("no TCP port of 127.0.0.1 is free, expected one for the operator's page")


def served_address(log: Path) -> str:
    """Where the page is served, as the launch's log says; "" while it does not."""
    found = _SERVED.search(log.read_text(errors="replace"))
    return found[1] if found else ""


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a browser could open a window: without one webbrowser would take the terminal for a text browser."""
    return sys.platform != "linux" or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def open_page(log: Path, check: Callable[[], None], timeout: float = START_S) -> str:
    """Open the page as soon as the launch's log says where it is; a sentence. Raises what `check` raises."""
    if lacking := page_lacks():
        return lacking
    try:
        address = wait_for(lambda: served_address(log), timeout, "the start of the page", check)
    except GraphError as error:
        check()
        return f"there is no page to watch: {error}; {log} says why"
    if not has_display():
        return f"watch it at {address} until it ends (there is no display to open a browser on)"
    # In a thread: some browsers are waited for until they are closed.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    return f"watch it at {address} until it ends"
