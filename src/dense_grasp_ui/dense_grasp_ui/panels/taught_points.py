"""What is taught: point at it in the picture it was taught on, rename, delete, and take the last change back."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from nicegui import ui

from dense_grasp_ui.page_backend import TaughtPoint
from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.camera import PicturePanel
from dense_grasp_ui.panels.described_anew import described_anew
from dense_grasp_ui.panels.questions import confirmed, name_refused, new_name
from dense_grasp_ui.panels.scan_strip import ScanStrip
from dense_grasp_ui.undo import LostChange, RenamedChange

#: s between two looks at whether somebody else taught, renamed or deleted a point.
LOOK_S = 1.0
#: Rows of the list; a store can hold 100,000.
MOST_ROWS = 100
#: Rows from which on a filter is worth its place.
FEW_ROWS = 20


def taught_points(browser: Browser, panel: PicturePanel, strip: ScanStrip) -> None:
    """Builds the list. strip: shows in which pictures of its scan a point is seen."""
    backend = browser.backend
    client = backend.cell.client
    drawn: list[Any] = [None]
    is_listed, told = False, ""
    undo = ui.button("Undo", color=None, on_click=lambda: browser.attempt(backend.undo)).props("outline no-caps")
    undo.classes("dg-undo")
    described_anew(browser)
    wanted = ui.input("Only names that contain").classes("dg-source")
    taught = ui.element("div").classes("dg-taught").props("role=list aria-label='Taught points'")

    pointed: dict[tuple[str, str], int] = {}

    async def point_at(object_id: str, keypoint: str) -> None:
        """Its picture, at every press the next of its samples."""
        samples = next((one.samples for one in backend.taught if one[:2] == (object_id, keypoint)), 1)
        sample = pointed[object_id, keypoint] = (pointed.get((object_id, keypoint), -1) + 1) % samples
        which = f"Picture {sample + 1} of {samples} of" if samples > 1 else "Picture of"
        backend.cell.described_for.want()

        async def fetch() -> str:
            key, u, v = await backend.taught_picture(object_id, keypoint, sample)
            panel.show(key, u, v)
            return f"{which} {object_id}/{keypoint}: at the right is where it is found in the live picture now."

        await browser.attempt(fetch, needs_control=False)

    async def rename(object_id: str, keypoint: str = "") -> None:
        if not browser.may_change():
            return
        kind, old = ("point", keypoint) if keypoint else ("object", object_id)
        name = await new_name(browser.place, kind, old)
        if name is None or name == old:
            return
        if refused := name_refused(kind, name):
            browser.say(refused, wrong=True)
            return

        async def give() -> str:
            await backend.call(lambda: client.rename(object_id, keypoint, name))
            backend.last_change = RenamedChange(object_id, keypoint, name)
            await backend.list_taught()
            return f"{object_id}/{keypoint} is {object_id}/{name} now." if keypoint else f"{object_id} is {name} now."

        await browser.attempt(give)

    async def delete(object_id: str, keypoint: str) -> None:
        if not browser.may_change():
            return
        if not await confirmed(browser.place, f"Delete {object_id}/{keypoint}? “Undo” brings it back.", "Delete"):
            return

        async def forget() -> str:
            await backend.call(lambda: client.forget(object_id, keypoint))
            backend.last_change = LostChange(object_id, keypoint)
            await backend.list_taught()
            return f"Deleted {object_id}/{keypoint}."

        await browser.attempt(forget)

    def row(point: TaughtPoint) -> None:
        object_id, keypoint = point.object_id, point.keypoint
        name = f"{object_id}/{keypoint}"
        with ui.element("div").props("role=listitem").classes("dg-taught-row"):
            ui.label(name)
            pictures = f", {point.samples} pictures" if point.samples > 1 else ""
            ui.label(f"({point.u:.0f}, {point.v:.0f}) px{pictures}").classes("dg-note")
            in_scan = [("In the scan", strip.show)] if keypoint in backend.points_of(object_id) else []
            for text, press in (("Point at", point_at), *in_scan, ("Rename", rename), ("Delete", delete)):
                button = ui.button(text, color=None, on_click=lambda _, press=press: press(object_id, keypoint))
                button.props(f'flat no-caps dense aria-label="{text} {name}"')

    def draw(rows: list[TaughtPoint]) -> None:
        if not rows:
            ui.label("No such point is taught." if wanted.value else "Nothing is taught yet.").props("role=listitem")
        for object_id, points in groupby(rows[:MOST_ROWS], key=lambda point: point[0]):
            with ui.element("div").props("role=listitem").classes("dg-taught-row dg-taught-object"):
                ui.label(object_id)
                button = ui.button("Rename the object", color=None, on_click=lambda _, o=object_id: rename(o))
                button.props(f'flat no-caps dense aria-label="Rename the object {object_id}"')
            for point in points:
                row(point)
        if len(rows) > MOST_ROWS:
            ui.label(f"and {len(rows) - MOST_ROWS} more: name some above").props("role=listitem")

    def refresh() -> None:
        undo.set_visibility(backend.last_change is not None)
        set_if_new(undo, backend.last_change.sentence if backend.last_change else "Undo")
        now = backend.taught, str(wanted.value or ""), backend.points
        if drawn[0] == now:
            return
        drawn[0] = now
        wanted.set_visibility(len(backend.taught) > FEW_ROWS)
        taught.clear()
        with taught:
            draw([row for row in backend.taught if now[1] in f"{row[0]}/{row[1]}"])

    async def relist() -> None:
        nonlocal is_listed, told
        try:
            await (backend.list_what_others_taught() if is_listed else backend.list_taught())
            is_listed, told = True, ""
        except DenseGraspError as error:
            if str(error) != told:
                told = str(error)
                browser.say(told, wrong=True)

    browser.on_refresh(refresh)
    refresh()
    ui.timer(0.1, relist, once=True)
    ui.timer(LOOK_S, relist)
