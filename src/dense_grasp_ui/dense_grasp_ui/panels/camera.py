"""The live picture, or one that was kept: where the pointer is, is looked for; where is clicked, is taught."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from nicegui import ui

from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.drawn_marks import rings
from dense_grasp_ui.panels.pointed_picture import pointed_picture, show
from dense_grasp_ui.pictures.axes import Axis
from dense_grasp_ui.pictures.kept import LIVE
from dense_grasp_ui.pictures.layers import COLOUR, DEPTH, DESCRIPTORS
from dense_grasp_ui.pictures.mark import Mark
from dense_grasp_ui.pictures.scan_picture import Pixel
from dense_grasp_ui.pictures.taught_picture import Clicked

#: What an object is called, and its frame.
NamedAxes = tuple[str, Sequence[Axis]]
NOT_TAUGHT_IN = (
    "Teaching clicks the live picture, one of the object's scan, or the first picture of a taught point: choose one of "
    "them first."
)


class PicturePanel:
    """What the other panels want of the picture: its clicks, and marks on it."""

    def __init__(self) -> None:
        #: told a click: pixel (u, v), and on what it was made where that is not the live picture
        self.on_pixel: Callable[[float, float, Clicked | None], Awaitable[None]] | None = None
        self._marks: ui.html | None = None
        self._image: ui.element | None = None
        #: shows a kept picture by its key, with the point at a pixel (u, v) of it
        self.show: Callable[[str, float, float], None] = lambda key, u, v: None

    def draws_on(self, image: ui.element, marks: ui.html) -> None:
        """The picture, and where `mark` draws."""
        self._image, self._marks = image, marks

    def guide(self, step: str, contact: Pixel | None = None, first: Pixel | None = None) -> None:
        """Draw the open fingers at the pointer from now on: a ring for the contact, a bar across it for the ends of the
        closing axis; "" draws nothing. contact, first: pixels of the live picture that were clicked before.
        """
        if self._image is not None:
            places = {"contact": contact, "first": first}
            told = "".join(f" data-{name}={at[0]:.1f},{at[1]:.1f}" for name, at in places.items() if at is not None)
            gone = " ".join(f"data-{name}" for name, at in places.items() if at is None)
            self._image.props(f"data-guide={step or 'none'}{told}", remove=gone)

    def mark(self, marks: Sequence[Mark], size: tuple[int, int], frames: Sequence[NamedAxes] = ()) -> None:
        """Draw points, and the frames of objects with their names; none takes the old ones away. size: of the picture,
        width and height, px.
        """
        lines = "".join(
            f'<line x1="{one.start[0]:.1f}" y1="{one.start[1]:.1f}" x2="{one.end[0]:.1f}" y2="{one.end[1]:.1f}" '
            f'stroke="{one.colour}"/>'
            for _, axes in frames
            for one in axes
        )
        names = "".join(
            f'<text class="dg-instance" x="{axes[2].end[0]:.1f}" y="{axes[2].end[1] - 8.0:.1f}">{escape(name)}</text>'
            for name, axes in frames
            if axes
        )
        if self._marks is not None:
            box = f"-0.5 -0.5 {size[0]} {size[1]}"
            self._marks.set_content(f'<svg viewBox="{box}" class="dg-marks">{lines}{names}{rings(marks, 7.0)}</svg>')


def camera(browser: Browser) -> PicturePanel:
    """Builds the panel. The picture itself is painted by static/page.js, which asks for the next frame when it has
    painted one.
    """
    panel, pictures = PicturePanel(), browser.backend.cell.pictures
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-camera"):
        ui.html('<h2 id="dg-camera">Camera</h2>', sanitize=False)
        image, marks = pointed_picture(LIVE)
        panel.draws_on(image, marks)
        with ui.element("div").classes("dg-tools"):
            chosen = ui.select({LIVE: "Live picture"}, value=LIVE, label="Picture to point at").classes("dg-source")
            layers = {COLOUR: "Colours", DEPTH: "Depth", DESCRIPTORS: "Descriptors"}
            layer = ui.select(layers, value=COLOUR, label="Live picture shows").classes("dg-source")
            ui.button("Keep this picture", on_click=lambda: keep(), color=None).props("outline no-caps")
        ui.element("p").classes("dg-note dg-told").props("role=status")
    layer.on_value_change(lambda: image.props(f"data-layer={layer.value}"))

    async def on_pick(event: Any) -> None:
        point = event.args.get("detail") if isinstance(event.args, dict) else None
        if not isinstance(point, dict) or not all(isinstance(point.get(key), (int, float)) for key in "uv"):
            return
        clicked = browser.backend.clickable.get(str(chosen.value))
        if chosen.value != LIVE and clicked is None:
            browser.say(NOT_TAUGHT_IN, wrong=True)
        elif panel.on_pixel is not None:
            await panel.on_pixel(float(point["u"]), float(point["v"]), clicked)

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
