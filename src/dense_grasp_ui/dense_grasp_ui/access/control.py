"""Which browser may move the robot: one holds control, the others watch and can ask for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: s without a sign of the browser that holds control, after which another one that asks gets it.
ABSENT_S = 5.0


class Control:
    """One holder at a time. Browsers are named by the random value of their cookie, so a reload changes nothing.

    Thread-safe. now: s, monotonic.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self._holder = ""
        self._asker = ""

    def seen(self, browser: str) -> None:
        """A sign of life of a browser that shows the page; the first one gets control."""
        with self._lock:
            now = self._now()
            self._seen[browser] = now
            self._seen = {name: at for name, at in self._seen.items() if now - at < ABSENT_S or name == browser}
            if not self._holder or (self._is_absent() and self._asker == browser):
                self._give(browser)
            if self._asker and self._asker not in self._seen:
                self._asker = ""

    def holds(self, browser: str) -> bool:
        """Whether this browser may change anything."""
        with self._lock:
            return bool(browser) and browser == self._holder

    def ask(self, browser: str) -> str:
        """Ask for control; a sentence on what came of it."""
        with self._lock:
            if browser == self._holder:
                return "This browser holds control."
            if self._is_absent():
                self._give(browser)
                return "This browser holds control now: the one that held it is gone."
            if self._asker and self._asker != browser:
                return "Another browser has asked already: try again when it has got its answer."
            self._asker = browser
            return "Asked for control: the browser that holds it decides."

    def answer(self, browser: str, hand_over: bool) -> None:
        """The holder's answer to the browser that asks; from any other browser it has no effect."""
        with self._lock:
            if browser != self._holder or not self._asker:
                return
            if hand_over:
                self._give(self._asker)
            self._asker = ""

    def is_asked(self, browser: str) -> bool:
        """Whether another browser asks this one for control."""
        with self._lock:
            return browser == self._holder and bool(self._asker)

    def asks(self, browser: str) -> bool:
        """Whether this browser waits for an answer."""
        with self._lock:
            return bool(browser) and browser == self._asker

    @property
    def browsers(self) -> int:
        """How many show the page."""
        with self._lock:
            return len(self._seen)

    def _is_absent(self) -> bool:
        return self._now() - self._seen.get(self._holder, float("-inf")) >= ABSENT_S

    def _give(self, browser: str) -> None:
        self._holder = browser
        if self._asker == browser:
            self._asker = ""
