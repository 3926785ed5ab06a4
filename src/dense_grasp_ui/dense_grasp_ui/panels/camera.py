"""The live picture."""

from __future__ import annotations

from nicegui import ui

from dense_grasp_ui.panels.browser import Browser


def camera(browser: Browser) -> None:
    """Builds the panel. The picture itself is painted by static/page.js, which asks for the next frame when it has
    painted one.
    """
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-camera"):
        ui.html('<h2 id="dg-camera">Camera</h2>', sanitize=False)
        with ui.element("div").classes("dg-picture"):
            ui.element("img").classes("dg-live").props('alt="Live image of the camera" draggable=false')
            ui.element("p").classes("dg-no-picture").props("role=status")
