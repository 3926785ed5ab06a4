"""After a new network: what another one described is described anew by one button."""

from __future__ import annotations

from nicegui import ui

from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.questions import confirmed


def described_anew(browser: Browser) -> None:
    """Builds what is said and the button; both are there only where another network described something."""
    backend = browser.backend
    drawn: list[str] = []

    async def describe() -> None:
        if not browser.may_change():
            return
        question = (
            "Describe every point that another network described anew, from its picture, for the network that runs? It "
            "takes about a tenth of a second a picture. “Undo” takes it back."
        )
        if await confirmed(browser.place, question, "Describe anew"):
            await browser.attempt(backend.redescribe)

    with ui.element("div").props("role=status") as part:
        told = ui.label()
        ui.button("Describe them anew", color=None, on_click=describe).props("outline no-caps")
    lost = ui.element("div").classes("dg-note").props("role=list aria-label='What the network did not find'")

    def refresh() -> None:
        sentence = backend.of_others
        part.set_visibility(bool(sentence))
        if sentence:
            set_if_new(told, sentence)
        if drawn != backend.not_found:
            drawn[:] = backend.not_found
            lost.clear()
            with lost:
                for sentence in drawn:
                    ui.label(f"{sentence}: teach it again").props("role=listitem")

    browser.on_refresh(refresh)
    refresh()
