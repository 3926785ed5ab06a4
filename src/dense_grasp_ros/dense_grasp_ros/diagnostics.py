"""/diagnostics (REP 107): once a second, what each part of a node has to say of itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

TOPIC = "/diagnostics"
PERIOD_S = 1.0
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(frozen=True)
class Report:
    """What one part says: OK, WARN or ERROR, a sentence, and values by name; numbers are written with three digits."""

    level: bytes
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Diagnostics:
    """Publishes the reports of a node's parts, by the wall's clock: a simulated one may stand still.

    parts: what each is called, and what makes its report; one that raises is reported as an error.
    hardware: what the node serves, such as the arm's name.
    """

    def __init__(self, node: Node, hardware: str, parts: Mapping[str, Callable[[], Report]]):
        self._node, self._hardware, self._parts = node, hardware, dict(parts)
        self._name = node.get_fully_qualified_name().lstrip("/")
        self._publisher = node.create_publisher(DiagnosticArray, TOPIC, 10)
        node.create_timer(PERIOD_S, self._publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _publish(self) -> None:
        message = DiagnosticArray(status=[self._status(part, make) for part, make in self._parts.items()])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def _status(self, part: str, make: Callable[[], Report]) -> DiagnosticStatus:
        try:
            report = make()
        except Exception as error:  # a report that fails must not end the others
            report = Report(ERROR, f"no report: {type(error).__name__}: {error}")
        return DiagnosticStatus(
            level=report.level,
            name=f"{self._name}: {part}",
            message=report.message,
            hardware_id=self._hardware,
            values=[KeyValue(key=key, value=_text(value)) for key, value in report.values.items()],
        )


class Rate:
    """How often something happens, and how long ago it last did. Thread-safe. now: s, monotonic."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._lock = threading.Lock()
        self._count = self._read_count = 0
        self._read_at = now()
        self._last: float | None = None

    def note(self) -> None:
        """It happens."""
        with self._lock:
            self._count += 1
            self._last = self._now()

    @property
    def count(self) -> int:
        """How often it happened."""
        return self._count

    def read(self) -> tuple[float, float | None]:
        """(Hz since the last read, s since it last happened or None)."""
        with self._lock:
            now = self._now()
            passed, count = now - self._read_at, self._count - self._read_count
            self._read_at, self._read_count = now, self._count
            return count / passed if passed > 0.0 else 0.0, None if self._last is None else now - self._last


def without_publisher(node: Node, topics: Iterable[str]) -> list[str]:
    """Those of the topics that nobody publishes."""
    return [topic for topic in topics if not node.count_publishers(topic)]


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
