"""After a new network: what another one described is described anew by one button."""

from __future__ import annotations

from dense_grasp_core.wording import counted, some_of
from nicegui import ui

from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.questions import confirmed

_NAMED = 5


def described_anew(browser: Browser) -> None:
    """Builds what is said and the button; both are there only where another network described something."""
    backend = browser.backend
    drawn: list[str] = []

    async def describe() -> None:
        if not browser.may_change():
            return
        question = (
            "Describe every point anew, from the pictures they were taught on, for the network that runs? It takes "
            "about a tenth of a second a picture. “Undo” takes it back."
        )
        if await confirmed(browser.place, question, "Describe anew"):
            await browser.attempt(backend.redescribe)

    with ui.element("div").props("role=status") as part:
        told = ui.label()
        ui.button("Describe them anew", color=None, on_click=describe).props("outline no-caps")
    lost = ui.element("div").classes("dg-note").props("role=list aria-label='What the network did not find'")

    def refresh() -> None:
        other = [f"{one.object_id}/{one.keypoint}" for one in backend.taught if one.by_other]
        part.set_visibility(bool(other))
        if other:
            were = "was" if len(other) == 1 else "were"
            set_if_new(
                told,
                f"{counted(len(other), 'point')} {were} taught with another network and cannot be found by this one: "
                f"{some_of(other, _NAMED)}.",
            )
        if drawn != backend.not_found:
            drawn[:] = backend.not_found
            lost.clear()
            with lost:
                for sentence in drawn:
                    ui.label(f"{sentence}: teach it again").props("role=listitem")

    browser.on_refresh(refresh)
    refresh()
