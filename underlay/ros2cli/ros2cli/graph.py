"""A node that looks at the graph."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from ros2cli.main import CommandError

_QUIET_SECONDS = 0.5
_SHORTEST_SECONDS = 1.5
_LONGEST_SECONDS = 5.0


@contextmanager
def graph_node() -> Iterator[Node]:
    """Give a node without parameter services."""
    # Ctrl-C must raise KeyboardInterrupt and leave the context usable, so that a goal can still be cancelled.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = Node(f"_ros2cli_{os.getpid()}", start_parameter_services=False, enable_rosout=False)
        try:
            yield node
        finally:
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def settled(node: Node, query: Callable[[], Any]) -> Any:
    """Return a query's answer once it has not changed for half a second: discovery takes its time."""
    start = changed = time.monotonic()
    answer = query()
    while time.monotonic() < min(max(changed + _QUIET_SECONDS, start + _SHORTEST_SECONDS), start + _LONGEST_SECONDS):
        rclpy.spin_once(node, timeout_sec=0.05)
        latest = query()
        if latest != answer:
            answer, changed = latest, time.monotonic()
    return answer


class Interrupt:
    """Ctrl-C between two spins, raised by `check`: within one it may fall into a callback, which swallows it."""

    def __init__(self) -> None:
        self._came = False

    def heed(self) -> None:
        """From now on, also where a shell started this with SIGINT ignored."""
        signal.signal(signal.SIGINT, self._take)

    def _take(self, *_arguments: object) -> None:
        self._came = True

    def check(self) -> None:
        """Raises KeyboardInterrupt once for what came since the last time."""
        if self._came:
            self._came = False
            raise KeyboardInterrupt


INTERRUPT = Interrupt()


def spin_until(node: Node, future: Future, timeout: float = math.inf) -> bool:
    """Spin until a future is done; False if that takes longer than `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not future.done() and time.monotonic() < deadline:
        INTERRUPT.check()
        rclpy.spin_once(node, timeout_sec=0.1)
    return bool(future.done())


def wait_until(node: Node, condition: Callable[[], bool]) -> None:
    """Spin until a condition holds."""
    while not condition():
        INTERRUPT.check()
        rclpy.spin_once(node, timeout_sec=0.1)


def appears(node: Node, condition: Callable[[], bool]) -> bool:
    """Spin until a condition holds; False if it does not within the time that discovery may take."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        rclpy.spin_once(node, timeout_sec=0.05)
    return True


def _names_now(node: Node) -> list[str]:
    pairs = node.get_node_names_and_namespaces()
    return sorted(f"{namespace.rstrip('/')}/{name}" for name, namespace in pairs if not name.startswith("_"))


def node_names(node: Node) -> list[str]:
    """Return the full names of all nodes but hidden ones."""
    return list(settled(node, lambda: _names_now(node)))


def split_name(full_name: str) -> tuple[str, str]:
    """Return (name, namespace) of a node's full name."""
    namespace, _, name = f"/{full_name.lstrip('/')}".rpartition("/")
    return name, namespace or "/"


def wait_for_node(node: Node, full_name: str) -> tuple[str, str]:
    """Return (name, namespace) of a node that is there.

    Raises:
        CommandError: it is not.
    """
    if not appears(node, lambda: f"/{full_name.lstrip('/')}" in _names_now(node)):
        raise CommandError(f"Unable to find node '{full_name}'")
    return split_name(full_name)


def hidden(name: str) -> bool:
    """Return whether a topic or service is not to be listed."""
    return any(part.startswith("_") for part in name.split("/"))


def wait_for_type(query: Callable[[], list[tuple[str, list[str]]]], node: Node, name: str, what: str) -> str:
    """Return the type of a topic or service that is there.

    Raises:
        CommandError: it is not.
    """
    full = node.resolve_topic_name(name)
    if not appears(node, lambda: full in dict(query())):
        raise CommandError(f"{what} [{full}] does not appear to be published yet: could not determine its type")
    return dict(query())[full][0]
