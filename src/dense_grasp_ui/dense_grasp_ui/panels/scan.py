"""Let the arm scan the named object, and show the scan that there is."""

from __future__ import annotations

import math
from collections.abc import Callable

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.scanning.interfaces import FEWEST_VIEWS, MOST_VIEWS
from nicegui import ui

from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.questions import chosen, name_refused
from dense_grasp_ui.panels.scan_progress import scan_progress
from dense_grasp_ui.panels.scan_strip import ScanStrip

ABOUT = "The arm looks at what stands alone on the table from all sides."
#: What a second scan of an object is for.
JOIN, AGAIN = "It is turned over: join", "Scan again"
#: s between two questions for the speed limit, until the executor is there and answers.
SPEED_S = 3.0


def scan(browser: Browser, named: Callable[[], str], strip: ScanStrip) -> None:
    """Builds the part. named: the object's name as it is typed; strip: shows the scan."""
    backend = browser.backend
    with ui.element("div").classes("dg-tools"):
        ui.button("Scan it", on_click=lambda: start(), color=None).props("outline no-caps")
        ui.button("Show its scan", on_click=lambda: look(), color=None).props("outline no-caps")
        count = ui.number("Pictures", min=FEWEST_VIEWS, max=MOST_VIEWS, precision=0).classes("dg-count")
        count.props(f'hint="empty: as many as it takes" maxlength={len(str(MOST_VIEWS))}')
    about = ui.label(ABOUT).classes("dg-note")
    scan_progress(browser)

    async def look() -> None:
        if refused := name_refused("object", named()):
            browser.say(refused, wrong=True)
            return
        await strip.show(named())

    async def start() -> None:
        object_id, views = named(), int(count.value or 0)
        if not browser.may_change():
            return
        if refused := name_refused("object", object_id):
            browser.say(refused, wrong=True)
            return
        if views and not FEWEST_VIEWS <= views <= MOST_VIEWS:
            browser.say(f"Pictures is {views}, expected {FEWEST_VIEWS} to {MOST_VIEWS}, or empty.", wrong=True)
            return
        try:
            before = await backend.call(lambda: backend.cell.client.scans.summaries(object_id))
            await backend.list_taught()
        except DenseGraspError as error:
            browser.say(str(error), wrong=True)
            return
        on_it = sorted(backend.points_of(object_id))
        answer = await which(object_id, before[0].views, on_it) if before else None
        if before and answer is None:
            browser.say(f"The scan of {object_id} stays as it was.")
            return
        await browser.attempt(lambda: run(object_id, views, overwrite=answer == AGAIN, join=answer == JOIN))

    async def which(object_id: str, taken: int, points: list[str]) -> str | None:
        """AGAIN or JOIN, for an object that has a scan; None: leaves it."""
        lost = f" Its points {', '.join(points)} are places on that scan: teach them again then." if points else ""
        question = (
            f"{object_id} has a scan of {taken} pictures. Did you turn the object over, so that another side is up? "
            f"Then the new pictures join it, and what is taught stays. Or replace it by a new one?{lost}"
        )
        return await chosen(browser.place, question, [JOIN, AGAIN])

    async def run(object_id: str, views: int, overwrite: bool, join: bool) -> str:
        ended = await backend.arm.scan(object_id, views, overwrite, join)
        if isinstance(ended, str):
            return ended
        if ended.code == 0:
            await backend.list_taught()
            await strip.load(object_id)
        return f"Scan of {object_id}: {ended.outcome()}"

    async def ask_speed() -> None:
        try:
            speed = await backend.call(backend.cell.scan_speed)
        except DenseGraspError:
            return  # the panel of the cell's state says that the executor is silent
        if not math.isnan(speed):
            about.set_text(f"{ABOUT} Its tool does {speed:g} m/s at most (scan_speed, tcp_speed): keep clear of it.")
            asking.deactivate()

    asking = ui.timer(SPEED_S, ask_speed)
