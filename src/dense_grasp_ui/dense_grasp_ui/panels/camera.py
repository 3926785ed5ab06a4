"""The live picture, or one that was kept: where the pointer is, is looked for; where is clicked, is taught."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from nicegui import ui

from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.found_points import Mark
from dense_grasp_ui.panels.pointed_picture import pointed_picture, show
from dense_grasp_ui.pictures.kept import LIVE
from dense_grasp_ui.pictures.scan_views import ViewOfScan


class PicturePanel:
    """What the other panels want of the picture: its clicks, and marks on it."""

    def __init__(self) -> None:
        #: told a click: pixel (u, v), and the view where it is in a picture of a scan and not in the live one
        self.on_pixel: Callable[[float, float, ViewOfScan | None], Awaitable[None]] | None = None
        self._marks: ui.html | None = None
        #: shows a kept picture by its key, with the point at a pixel (u, v) of it
        self.show: Callable[[str, float, float], None] = lambda key, u, v: None

    def marks_in(self, layer: ui.html) -> None:
        """Where `mark` draws."""
        self._marks = layer

    def mark(self, marks: list[Mark], width: int, height: int) -> None:
        """Draw points over the picture of width x height px; none takes the old ones away."""
        drawn = "".join(
            f'<g class="{"dg-hidden-mark" if mark.is_hidden else "dg-seen-mark"}"><circle cx="{mark.u:.1f}" '
            f'cy="{mark.v:.1f}" r="7"/><text x="{mark.u + 11:.1f}" y="{mark.v + 5:.1f}">{escape(mark.text)}</text></g>'
            for mark in marks
        )
        if self._marks is not None:
            self._marks.set_content(f'<svg viewBox="-0.5 -0.5 {width} {height}" class="dg-marks">{drawn}</svg>')


def camera(browser: Browser) -> PicturePanel:
    """Builds the panel. The picture itself is painted by static/page.js, which asks for the next frame when it has
    painted one.
    """
    panel, pictures = PicturePanel(), browser.backend.cell.pictures
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-camera"):
        ui.html('<h2 id="dg-camera">Camera</h2>', sanitize=False)
        image, marks = pointed_picture(LIVE)
        panel.marks_in(marks)
        with ui.element("div").classes("dg-tools"):
            chosen = ui.select({LIVE: "Live picture"}, value=LIVE, label="Picture to point at").classes("dg-source")
            ui.button("Keep this picture", on_click=lambda: keep(), color=None).props("outline no-caps")

    async def on_pick(event: Any) -> None:
        point = event.args.get("detail") if isinstance(event.args, dict) else None
        if not isinstance(point, dict) or not all(isinstance(point.get(key), (int, float)) for key in "uv"):
            return
        view = browser.backend.scan_pictures.get(str(chosen.value))
        if chosen.value != LIVE and view is None:
            browser.say("Teaching clicks the live picture, or one of the object's scan: choose it first.", wrong=True)
        elif panel.on_pixel is not None:
            await panel.on_pixel(float(point["u"]), float(point["v"]), view)

    image.on("dgpick", on_pick, args=["detail"])

    chosen.on_value_change(lambda: show(image, chosen.value))

    async def keep() -> None:
        browser.backend.cell.described_for.want()
        try:
            key = await browser.backend.call(browser.backend.cell.keep_live)
        except DenseGraspError as error:
            browser.say(str(error), wrong=True)
            return
        refresh()
        chosen.set_value(key)
        browser.say("Kept: point at it, and see at the right where that is in the live picture.")

    def show_kept(key: str, u: float, v: float) -> None:
        refresh()
        chosen.set_value(key)
        browser.run_javascript(f"window.dgPointAt({json.dumps(key)}, {u:.2f}, {v:.2f})")

    panel.show = show_kept

    def refresh() -> None:
        options = {LIVE: "Live picture", **pictures.names()}
        if options != chosen.options:
            chosen.set_options(options, value=chosen.value if chosen.value in options else LIVE)

    browser.on_refresh(refresh)
    return panel
