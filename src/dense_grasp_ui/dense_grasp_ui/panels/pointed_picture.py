"""A picture that the pointer, or the arrow keys, point at; static/page.js paints it and follows the pointer."""

from __future__ import annotations

from nicegui import ui

ALT = "Picture to point at; arrow keys move the point, Enter picks it"


def pointed_picture(key: str) -> tuple[ui.element, ui.html]:
    """The image, and the layer over it for marks. key: of the picture that it shows first."""
    with ui.element("div").classes("dg-picture"):
        image = ui.element("img").classes("dg-live")
        image.props(f'alt="{ALT}" draggable=false tabindex=0 data-picture={key}')
        marks = ui.html("", sanitize=False).classes("dg-overlay")
        ui.element("div").classes("dg-overlay dg-point")
        ui.element("div").classes("dg-overlay dg-fit")
        ui.element("p").classes("dg-no-picture").props("role=status")
    return image, marks


def show(image: ui.element, key: str) -> None:
    """Show another picture in an image made here or by the panel `where`."""
    image.props(f"data-picture={key}")
