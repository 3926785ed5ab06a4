"""Which calls were sent and which were answered, and how."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Call:
    """One call to a node. cut_off: its server was killed while the call was open, so no answer is owed."""

    kind: str
    server: str
    sent: float
    answered: float | None = None
    code: str = ""
    cut_off: bool = False

    @property
    def closed(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.answered is not None or self.cut_off


@dataclass(frozen=True)
class Line:
    """One kind of call in the report; slowest in s."""

    kind: str
    sent: int
    answered: int
    cut_off: int
    unanswered: int
    slowest: float
    codes: dict[str, int]


class Ledger:
    """Books every call and every time in which a server was down."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._calls: list[Call] = []
        self._down: set[str] = set()

    def sent(self, kind: str, server: str) -> Call:
        """Book a call that is being sent."""
        call = Call(kind, server, self._now(), cut_off=server in self._down)
        self._calls.append(call)
        return call

    def answered(self, call: Call, code: str) -> None:
        """Book its answer."""
        call.answered, call.code = self._now(), code

    def server_went_down(self, server: str) -> None:
        """Its open calls, and those that are sent until `server_is_back`, are owed no answer."""
        self._down.add(server)
        for call in self._calls:
            if call.server == server and not call.closed:
                call.cut_off = True

    def server_is_back(self, server: str) -> None:
        """From now on it owes answers again."""
        self._down.discard(server)

    @property
    def unanswered(self) -> list[Call]:
        """Calls that are owed an answer and have none."""
        return [call for call in self._calls if not call.closed]

    @property
    def count(self) -> int:
        """Calls sent so far."""
        return len(self._calls)

    def lines(self) -> list[Line]:
        """The report, a line for each kind of call."""
        lines = []
        for kind in sorted({call.kind for call in self._calls}):
            calls = [call for call in self._calls if call.kind == kind]
            times = [call.answered - call.sent for call in calls if call.answered is not None]
            lines.append(
                Line(
                    kind,
                    sent=len(calls),
                    answered=len(times),
                    cut_off=sum(call.cut_off and call.answered is None for call in calls),
                    unanswered=sum(not call.closed for call in calls),
                    slowest=max(times, default=0.0),
                    codes=dict(Counter(call.code for call in calls if call.answered is not None).most_common()),
                )
            )
        return lines
