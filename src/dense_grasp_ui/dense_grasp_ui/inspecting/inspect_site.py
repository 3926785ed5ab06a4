"""The window: a picture to point at on the left, the one that is searched on the right."""

from __future__ import annotations

from html import escape
from pathlib import Path

from nicegui import ui

from dense_grasp_ui.access.guard import Guard
from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.rules import AccessRules
from dense_grasp_ui.inspecting.inspected import Inspected
from dense_grasp_ui.panels.pointed_picture import pointed_picture, show
from dense_grasp_ui.panels.where import where
from dense_grasp_ui.pictures.calibration import Calibration
from dense_grasp_ui.pictures.network import Network
from dense_grasp_ui.web.routes import add_heat
from dense_grasp_ui.web.site import HEAD, guarded, make_site

WHERE = "Where that point is in another picture"


def inspect_site(pictures: Inspected, network: Network, rules: AccessRules, limits: Limits) -> Guard:
    """The site behind its guard, as an ASGI application."""
    about = f"{Path(network.model).name}, {network.info.model_id}"

    def build() -> None:
        ui.add_head_html(HEAD)
        with ui.element("header").classes("dg-header"), ui.element("div").classes("dg-title"):
            ui.html("<h1>dense_grasp: inspect a network</h1>", sanitize=False)
            ui.label(f"Network {about}")
        with ui.element("main").classes("dg-main"):
            with ui.element("section").classes("dg-card").props("aria-labelledby=dg-reference"):
                ui.html('<h2 id="dg-reference">Picture to point at</h2>', sanitize=False)
                image, _ = pointed_picture("0")
                choice(pictures, image, 0, "reference")
            with ui.element("div"):
                first = min(1, len(pictures.files) - 1)
                image = where(Calibration.of_header(network.info), WHERE, str(first))
                with ui.element("section").classes("dg-card").props("aria-label='Picture that is searched'"):
                    choice(pictures, image, first, "target")

    return guarded(
        make_site("dense_grasp inspect", build, lambda app: add_heat(app, pictures, score=network.info.score)),
        rules,
        limits,
    )


def choice(pictures: Inspected, image: ui.element, number: int, role: str) -> None:
    """Buttons and a number that choose which picture an image shows. role: "reference" or "target"."""
    count = len(pictures.files)
    name = ui.html("", sanitize=False).classes(f"dg-note dg-name-{role}").props("role=status")

    def put(wanted: int) -> None:
        chosen = wanted % count
        if field.value != chosen + 1:
            field.set_value(chosen + 1)
        show(image, str(chosen))
        name.set_content(f"{chosen + 1} of {count}: {escape(pictures.names[chosen])}")

    def step(by: int) -> None:
        put(int(field.value or 1) - 1 + by)

    with ui.element("div").classes("dg-tools"):
        for text, by in (("Previous", -1), ("Next", 1)):
            button = ui.button(text, on_click=lambda _, by=by: step(by), color=None)
            button.props(f'outline no-caps aria-label="{text} {role} picture"')
        field = ui.number(f"Number of the {role} picture", value=number + 1, min=1, max=count, format="%d").classes(
            "dg-source"
        )
    field.on_value_change(lambda: put(int(field.value) - 1) if field.value else None)
    put(number)
