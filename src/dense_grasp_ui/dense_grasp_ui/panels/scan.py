"""Let the arm scan the named object: a button, how far it is as a dome that fills, and a cancel."""

from __future__ import annotations

import math
from collections.abc import Callable

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.scanning.interfaces import FEWEST_VIEWS, MOST_VIEWS
from nicegui import ui

from dense_grasp_ui.grasps import SCAN, ScanProgress
from dense_grasp_ui.panels.browser import WATCHES, Browser, set_if_new
from dense_grasp_ui.panels.dome import dome_svg
from dense_grasp_ui.panels.questions import confirmed, name_refused
from dense_grasp_ui.panels.scan_strip import ScanStrip

ABOUT = "The arm looks at what stands alone on the table from all sides."
#: s between two questions for the speed limit, until the executor is there and answers.
SPEED_S = 3.0


def scan(browser: Browser, named: Callable[[], str], strip: ScanStrip) -> None:
    """Builds the part. named: the object's name as it is typed; strip: shows the scan."""
    backend = browser.backend
    drawn: list[object] = [object()]
    shown = [0, 0]  # number of the scan, and how many of its pictures
    with ui.element("div").classes("dg-tools"):
        ui.button("Scan it", on_click=lambda: start(), color=None).props("outline no-caps")
        ui.button("Show its scan", on_click=lambda: look(), color=None).props("outline no-caps")
        count = ui.number("Pictures", min=FEWEST_VIEWS, max=MOST_VIEWS, precision=0).classes("dg-count")
        count.props(f'hint="empty: as many as it takes" maxlength={len(str(MOST_VIEWS))}')
    about = ui.label(ABOUT).classes("dg-note")
    with ui.element("div").classes("dg-scan") as progress:
        dome = ui.html("", sanitize=False).classes("dg-dome")
        with ui.element("div"):
            told = ui.label().classes("dg-stage").props("role=status aria-live=polite")
            how_far = ui.label()
            ui.label("The dome from above: green is covered, a dot is a picture, x is the robot base's.").classes(
                "dg-note"
            )
            stop = ui.button("Cancel the scan", on_click=lambda: browser.attempt(backend.cancel), color=None)
            stop.props("outline no-caps")
        shots = ui.element("div").classes("dg-strip dg-shots").props("role=list")
        shots.props("aria-label='What the camera showed as each picture was taken'")

    async def look() -> None:
        if refused := name_refused("object", named()):
            browser.say(refused, wrong=True)
            return
        await strip.show(named())

    async def start() -> None:
        object_id, views = named(), int(count.value or 0)
        if not browser.holds_control:
            browser.say(WATCHES, wrong=True)
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
        on_it = sorted(keypoint for owner, keypoint in backend.points if owner == object_id)
        if before:
            lost = f" Its points {', '.join(on_it)} are places on that scan: teach them again then." if on_it else ""
            question = f"{object_id} has a scan of {before[0].views} pictures. Replace it by a new one?{lost}"
            if not await confirmed(browser.place, question, "Scan again"):
                browser.say(f"The scan of {object_id} stays as it was.")
                return
        await browser.attempt(lambda: run(object_id, views, bool(before)))

    async def run(object_id: str, views: int, overwrite: bool) -> str:
        ended = await backend.scan(object_id, views, overwrite)
        if isinstance(ended, str):
            return ended
        if ended.code == 0:
            await backend.list_taught()
            await strip.load(object_id)
        return f"Scan of {object_id}: {ended.outcome()}"

    def show_shots() -> None:
        """Those that came since."""
        scan_number, numbers = backend.shots.scan, backend.shots.numbers
        if shown[0] != scan_number:
            shown[:] = [scan_number, 0]
            shots.clear()
        with shots:
            for number in numbers[shown[1] :]:
                with ui.element("div").props("role=listitem"):
                    source = f"/shot.jpg?scan={scan_number}&number={number}"
                    ui.element("img").props(f'alt="picture {number}" src="{source}"')
        shown[1] = len(numbers)

    def refresh() -> None:
        show_shots()
        latest = backend.grasps.latest_scan()
        if latest is drawn[0]:
            return
        drawn[0] = latest
        progress.set_visibility(latest is not None)
        at = latest.scan if latest is not None else ScanProgress()
        if latest is not None:
            set_if_new(told, f"{SCAN} of {latest.object_id}: {latest.outcome()}")
            stop.set_visibility(latest.code is None)
        set_if_new(how_far, at.sentence())
        dome.set_content(dome_svg(at))

    async def ask_speed() -> None:
        try:
            speed = await backend.call(backend.cell.scan_speed)
        except DenseGraspError:
            return  # the panel of the cell's state says that the executor is silent
        if not math.isnan(speed):
            about.set_text(f"{ABOUT} Its tool does {speed:g} m/s at most (scan_speed, tcp_speed): keep clear of it.")
            asking.deactivate()

    browser.on_refresh(refresh)
    refresh()
    asking = ui.timer(SPEED_S, ask_speed)
