"""Top of the page, always in view: stop, who holds control, and the answer to what was last asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments

from dense_grasp_ui.panels.browser import Browser, set_if_new

NO_SAFETY_STOP = "Stops arm and gripper by software. It is no safety stop: for people, press the emergency stop."


def header(browser: Browser) -> None:
    """Builds it. The stop works from every browser, also from one that only watches."""
    control = browser.backend.control

    async def stop() -> None:
        await browser.attempt(browser.backend.arm.stop, needs_control=False)

    async def ask() -> None:
        browser.say(control.ask(browser.name))

    with ui.element("header").classes("dg-header"):
        with ui.element("div").classes("dg-title"):
            ui.html("<h1>dense_grasp</h1>", sanitize=False)
            state = ui.label().classes("dg-control").props("role=status")
            ask_button = _light("Ask for control", ask)
            asked = ui.element("div").classes("dg-asked")
            with asked.props("role=alertdialog aria-label='Another browser asks for control'"):
                ui.label("Another browser asks for control.")
                _light("Hand over", lambda: control.answer(browser.name, True))
                _light("Keep", lambda: control.answer(browser.name, False))
        with ui.element("div").classes("dg-stop"):
            button = ui.button("Stop", on_click=stop, color=None).classes("dg-stop-button")
            button.props("no-caps unelevated aria-describedby=dg-no-safety-stop")
            ui.html(f'<p id="dg-no-safety-stop">{NO_SAFETY_STOP}</p>', sanitize=False)
    line = ui.label("Move the pointer over the picture, or choose a task.").classes("dg-line")
    line.props("role=status aria-live=assertive")
    browser.answers_in(line)

    def refresh() -> None:
        holds, others = browser.holds_control, control.browsers - 1
        also = f", {others} more watch{'es' if others == 1 else ''}" if others > 0 else ""
        waits = " Asked for it." if control.asks(browser.name) else ""
        set_if_new(state, f"This browser holds control{also}." if holds else f"Another browser holds control.{waits}")
        ask_button.set_visibility(not holds and not waits)
        asked.set_visibility(control.is_asked(browser.name))

    browser.on_refresh(refresh)
    refresh()

    async def on_key(event: KeyEventArguments) -> None:
        if event.key.escape and event.action.keydown and not event.action.repeat:
            await browser.attempt(browser.backend.arm.cancel)

    ui.keyboard(on_key, repeating=False, ignore=[])


def _light(text: str, on_click: Callable[[], Any]) -> ui.button:
    """A button on the dark header."""
    return ui.button(text, on_click=on_click, color=None).props("outline no-caps").classes("dg-on-dark")
