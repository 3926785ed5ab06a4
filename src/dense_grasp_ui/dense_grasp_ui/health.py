"""What the nodes say of themselves on /diagnostics, as an operator reads it. No ROS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

#: Nodes of bringup without which the page can do nothing, and what each is for.
EXPECTED: Mapping[str, str] = {
    "descriptor_node": "describes the camera's images",
    "query_node": "teaches and finds points",
    "grasp_executor": "grasps",
    "motion_watchdog": "stops the arm",
}
#: s without a report after which a node counts as gone; a node reports once a second.
SILENT_S = 4.0
LEVELS = ("ok", "warning", "error")


@dataclass(frozen=True)
class Part:
    """One part of a node. level: 0 ok, 1 warning, 2 error; age: s since its report came."""

    node: str
    name: str
    level: int
    sentence: str
    values: Mapping[str, str] = field(default_factory=dict)
    age: float = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether its node no longer reports."""
        return self.age > SILENT_S


class Health:
    """The last report of every part of the cell's nodes.

    namespace: of the cell; reports of other cells are left out. now: s, monotonic. Thread-safe.
    """

    def __init__(self, namespace: str = "", now: Callable[[], float] = time.monotonic):
        self._place = namespace.strip("/")
        self._now = now
        self._since = now()
        self._lock = threading.Lock()
        self._parts: dict[tuple[str, str], tuple[float, Part]] = {}

    def take(self, name: str, level: int, sentence: str, values: Mapping[str, str]) -> None:
        """One status of a DiagnosticArray; name: "node: part" with the node's namespace."""
        full, _, part = name.partition(": ")
        place, _, node = full.strip("/").rpartition("/")
        if place != self._place or not part:
            return
        with self._lock:
            self._parts[node, part] = (self._now(), Part(node, part, min(max(level, 0), 2), sentence, dict(values)))

    def parts(self) -> list[Part]:
        """Every part, by node and name; those of a node that no longer reports say so."""
        with self._lock:
            now = self._now()
            found = [
                Part(part.node, part.name, part.level, part.sentence, part.values, now - at)
                for at, part in self._parts.values()
            ]
        return sorted(found, key=lambda part: (part.node, part.name))

    def value(self, node: str, name: str, key: str) -> str:
        """A value that a part of a node reported last; "" when it did not."""
        with self._lock:
            found = self._parts.get((node, name))
        return "" if found is None else str(found[1].values.get(key, ""))

    def missing(self) -> list[str]:
        """Expected nodes that do not report."""
        heard = {part.node for part in self.parts() if not part.is_silent}
        return [node for node in EXPECTED if node not in heard]

    def sentences(self) -> list[tuple[int, str]]:
        """(level, sentence) of what is missing or wrong, worst first; empty when all is well."""
        if self._now() - self._since < SILENT_S and self.missing():
            return [(1, "Waiting for the first reports of the nodes.")]
        gone = self.missing()
        if len(gone) == len(EXPECTED):
            return [(2, "No node of the cell reports: start it with ros2 launch dense_grasp bringup.launch.py")]
        lines = [
            (2, f"{node}, which {EXPECTED[node]}, does not report: look at its last line in the launch log")
            for node in gone
        ]
        return lines + [
            (part.level, f"{part.node}, {part.name}: {part.sentence}")
            for part in _worst_first(self.parts())
            if not part.is_silent
        ]


def _worst_first(parts: Iterable[Part]) -> list[Part]:
    return sorted((part for part in parts if part.level > 0), key=lambda part: -part.level)
