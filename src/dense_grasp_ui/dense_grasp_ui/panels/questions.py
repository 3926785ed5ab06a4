"""Questions to the operator, each in a dialog that lies in `place`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dense_grasp_core.store.rows import is_name, shown
from nicegui import ui

RULE = "1 to 64 letters, digits, dots, dashes or underscores"


def name_refused(kind: str, text: str) -> str:
    """Why a name cannot be used, "" when it can. kind: "object" or "point"."""
    return "" if is_name(text) else f"The name of the {kind} is {shown(text)}, expected {RULE}."


async def confirmed(place: ui.element, question: str, yes: str) -> bool:
    """Whether the operator says yes; leaving the dialog is no."""
    return await chosen(place, question, [yes]) == yes


async def chosen(place: ui.element, question: str, answers: Sequence[str]) -> str | None:
    """The answer that the operator chooses; None when the dialog was left."""
    with place, ui.dialog() as dialog, ui.card():
        ui.label(question)
        with ui.row():
            for answer in answers:
                _button(answer, lambda _, answer=answer: dialog.submit(answer))
            _button("Leave it", lambda: dialog.submit(None)).props("autofocus")
    found = await _answer(dialog)
    return None if found is None else str(found)


async def new_name(place: ui.element, kind: str, old: str) -> str | None:
    """Another name, as it was typed; None when the dialog was left."""
    with place, ui.dialog() as dialog, ui.card():
        typed = ui.input(f"New name of {old}", value=old).props(f'maxlength=64 autofocus hint="{RULE}"')
        typed.classes("dg-source").on("keydown.enter", lambda: dialog.submit(typed.value))
        with ui.row():
            _button(f"Rename the {kind}", lambda: dialog.submit(typed.value))
            _button("Leave it", lambda: dialog.submit(None))
    answer = await _answer(dialog)
    return None if answer is None else str(answer)


async def _answer(dialog: ui.dialog) -> Any:
    """What was submitted, None when it was left. The dialog is gone then, as it is where its browser is."""
    answer = await dialog
    if not dialog.is_deleted:
        dialog.delete()
    return answer


def _button(text: str, on_click: Callable[..., Any]) -> ui.button:
    return ui.button(text, on_click=on_click, color=None).props("no-caps outline")
