"""What runs, what is missing, and what to do about it."""

from __future__ import annotations

from nicegui import ui

from dense_grasp_ui.health import LEVELS
from dense_grasp_ui.panels.browser import Browser


def status(browser: Browser) -> None:
    """Builds the panel."""
    health = browser.backend.cell.health
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-status"):
        ui.html('<h2 id="dg-status">Cell</h2>', sanitize=False)
        sentences = ui.element("ul").classes("dg-sentences").props("role=status aria-live=polite")
        with ui.element("details").classes("dg-parts"):
            with ui.element("summary"):
                summary = ui.label()
            rows = ui.element("div").props("role=table aria-label='Reports of the nodes'").classes("dg-table")
    shown: list[object] = [None, None]

    def refresh() -> None:
        error = browser.backend.cell.picture_error
        lines = [*([(2, error)] if error else []), *health.sentences()]
        if lines != shown[0]:
            shown[0] = lines
            sentences.clear()
            with sentences:
                for level, line in lines or [(0, "All nodes report, and nothing is missing.")]:
                    with ui.element("li").classes(("dg-right", "dg-doubtful", "dg-wrong")[level]):
                        ui.label(line)
        parts = [
            (part.node, part.name, "silent" if part.is_silent else LEVELS[part.level], part.sentence)
            for part in health.parts()
        ]
        if parts == shown[1]:
            return
        shown[1] = parts
        nodes = {node for node, _, level, _ in parts if level != "silent"}
        summary.set_text(f"{len(nodes)} nodes report")
        rows.clear()
        with rows:
            for cells in parts:
                with ui.element("div").props("role=row").classes(f"dg-row dg-{cells[2]}"):
                    for cell in cells:
                        ui.label(cell).props("role=cell")

    browser.on_refresh(refresh)
    refresh()
