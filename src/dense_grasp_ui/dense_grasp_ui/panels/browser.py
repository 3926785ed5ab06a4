"""One browser that shows the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from nicegui import ui

from dense_grasp_ui.page_backend import PageBackend

WATCHES = "This browser only watches: ask for control first."


class Browser:
    """Its name (the cookie's), and the line in which it is answered."""

    def __init__(self, backend: PageBackend, name: str):
        self.backend, self.name = backend, name
        self._client = ui.context.client
        #: where dialogs lie: a list that is drawn anew takes nothing with it that is open
        self.place = self._client.content
        self._line: ui.label | None = None
        self._refreshed: list[Callable[[], None]] = []

    @property
    def holds_control(self) -> bool:
        """Whether it may change anything."""
        return self.backend.control.holds(self.name)

    def may_change(self) -> bool:
        """Whether it holds control; where it does not, it is told."""
        if not self.holds_control:
            self.say(WATCHES, wrong=True)
        return self.holds_control

    def answers_in(self, line: ui.label) -> None:
        """Where `say` writes."""
        self._line = line

    def say(self, sentence: str, wrong: bool = False) -> None:
        """Answer the operator; read out by screen readers."""
        if self._line is not None:
            self._line.set_text(sentence)
            self._line.classes(add="dg-wrong" if wrong else "", remove="" if wrong else "dg-wrong")

    async def attempt(self, work: Callable[[], Awaitable[str]], needs_control: bool = True) -> None:
        """Do it and say what came of it, when the page shows it; what the graph refuses is said, too."""
        if needs_control and not self.may_change():
            return
        try:
            told = await work()
            self.refresh()
            self.say(told)
        except DenseGraspError as error:
            self.say(str(error), wrong=True)

    def run_javascript(self, code: str) -> None:
        """In this browser."""
        self._client.run_javascript(code)

    def on_refresh(self, refresh: Callable[[], None]) -> None:
        """Called some times a second."""
        self._refreshed.append(refresh)

    def refresh(self) -> None:
        """Bring every part up to date, while there is a connection: after one has broken NiceGUI waits some seconds."""
        if not self._client.has_socket_connection:
            return
        self.backend.control.seen(self.name)
        for refresh in self._refreshed:
            refresh()


def set_if_new(element: Any, text: str) -> None:
    """Set the text of a label or button unless it is that already: nothing is sent then."""
    if element.text != text:
        element.set_text(text)
